//! The form of a scenario file: comments, blocks of commands, `----`, the trace.

/// A command with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Number of its line.
    pub line: usize,
    /// Its words; what stands in double quotes is one.
    pub words: Vec<String>,
    /// Its `name=value` words.
    pub options: Vec<(String, String)>,
    /// The indented lines under it.
    pub indented: Vec<String>,
}

impl Command {
    /// The value of an option.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The word at that place.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn word(&self, at: usize, what: &str) -> Result<&str, String> {
        self.words
            .get(at)
            .map(String::as_str)
            .ok_or_else(|| format!("`{}` wants {what}", self.words.join(" ")))
    }

    /// The indented lines as `name: value`.
    ///
    /// # Errors
    /// A line that is none.
    pub fn headers(&self) -> Result<Vec<(String, String)>, String> {
        let pair = |line: &String| {
            let (name, value) = line.split_once(':').ok_or_else(|| format!("`{line}` is no header line"))?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        };
        self.indented.iter().map(pair).collect()
    }
}

/// Commands and the trace that they lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// As they stand in the file, comments and all.
    pub text: Vec<String>,
    /// The commands.
    pub commands: Vec<Command>,
    /// The trace.
    pub trace: Vec<String>,
}

/// A scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its blocks.
    pub blocks: Vec<Block>,
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// The line and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with("# ") {
            return Err("line 1: the first line cites the rule: `# RFC 3261 §13.3.1.4: ...`".to_owned());
        }
        let mut blocks = Vec::new();
        let mut block = Block::default();
        let mut in_trace = false;
        for (at, line) in text.lines().enumerate() {
            let line = line.trim_end();
            if line.is_empty() {
                if in_trace {
                    blocks.push(std::mem::take(&mut block));
                    in_trace = false;
                }
            } else if line == "----" {
                in_trace = true;
            } else if in_trace {
                block.trace.push(line.to_owned());
            } else {
                block.text.push(line.to_owned());
                command(&mut block, line, at + 1)?;
            }
        }
        if !block.text.is_empty() {
            blocks.push(block);
        }
        Ok(Self { blocks })
    }

    /// The file as text.
    #[must_use]
    pub fn write(&self) -> String {
        let blocks: Vec<String> = self
            .blocks
            .iter()
            .map(|block| {
                let mut lines = block.text.clone();
                lines.push("----".to_owned());
                lines.extend_from_slice(&block.trace);
                lines.join("\n") + "\n"
            })
            .collect();
        blocks.join("\n")
    }
}

fn command(block: &mut Block, line: &str, number: usize) -> Result<(), String> {
    if line.starts_with('#') {
        return Ok(());
    }
    if line.starts_with(' ') {
        let last =
            block.commands.last_mut().ok_or_else(|| format!("line {number}: it belongs to no command"))?;
        last.indented.push(line.trim().to_owned());
        return Ok(());
    }
    let mut command = Command { line: number, words: Vec::new(), options: Vec::new(), indented: Vec::new() };
    for word in words(line) {
        match word.split_once('=') {
            Some((name, value))
                if !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '-') =>
            {
                command.options.push((name.to_owned(), value.to_owned()));
            }
            Some(_) | None => command.words.push(word),
        }
    }
    block.commands.push(command);
    Ok(())
}

/// Words of a line; double quotes hold one together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_and_writes_the_same() {
        let text = "# RFC 3261: a rule\ndeploy uas\n  do-invite = 180; 200\nsend \"a b\" times=2\n----\n0.000 a\n\nadvance 1s\n----\n";
        let file = File::parse(text).expect("it is well formed");
        assert_eq!(file.write(), text);
        assert_eq!(file.blocks.len(), 2);
        let send = &file.blocks[0].commands[1];
        assert_eq!((send.line, send.words.as_slice()), (4, ["send".to_owned(), "a b".to_owned()].as_slice()));
        assert_eq!(send.option("times"), Some("2"));
    }

    #[test]
    fn the_first_line_cites_the_rule() {
        assert!(File::parse("deploy uas\n").is_err());
    }
}
