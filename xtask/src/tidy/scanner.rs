//! Separates Rust text into code and comments, line by line, without parsing it.
//!
//! Both halves keep every line of the text, and columns too: what belongs to the other half, and the content of
//! strings and characters, is blank. So a word found in the code is a word of the code.

/// The two halves of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// The code, with the content of strings and characters blank.
    pub(crate) code: String,
    /// The comments, with their slashes.
    pub(crate) comments: String,
}

/// Scans a text.
pub(crate) fn scan(text: &str) -> Scanned {
    let mut scanner = Scanner {
        chars: text.chars().collect(),
        at: 0,
        scanned: Scanned {
            code: String::with_capacity(text.len()),
            comments: String::with_capacity(text.len()),
        },
    };
    while scanner.at < scanner.chars.len() {
        scanner.step();
    }
    scanner.scanned
}

/// Says whether a character may stand inside a name.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    scanned: Scanned,
}

/// Which half a character goes to.
#[derive(Clone, Copy)]
enum Half {
    Code,
    Comment,
    Neither,
}

impl Scanner {
    fn step(&mut self) {
        let in_word = self.at > 0 && is_word(self.chars[self.at - 1]);
        match (self.peek(0), self.peek(1)) {
            (Some('/'), Some('/')) => self.line_comment(),
            (Some('/'), Some('*')) => self.block_comment(),
            (Some('"'), _) => self.string(),
            (Some('\''), _) => self.character_or_lifetime(),
            (Some('r' | 'b' | 'c'), _) if !in_word && self.raw_hashes().is_some() => self.raw_string(),
            _ => self.take(Half::Code),
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn take(&mut self, half: Half) {
        let Some(c) = self.peek(0) else { return };
        self.at += 1;
        let blank = if c == '\n' { '\n' } else { ' ' };
        let (code, comment) = match half {
            Half::Code => (c, blank),
            Half::Comment => (blank, c),
            Half::Neither => (blank, blank),
        };
        self.scanned.code.push(code);
        self.scanned.comments.push(comment);
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.take(Half::Comment);
        }
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0_u32;
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('*')) => {
                    depth += 1;
                    self.take(Half::Comment);
                }
                ('*', Some('/')) => {
                    depth -= 1;
                    self.take(Half::Comment);
                }
                _ => {}
            }
            self.take(Half::Comment);
            if depth == 0 {
                break;
            }
        }
    }

    fn string(&mut self) {
        self.take(Half::Code);
        while let Some(c) = self.peek(0) {
            match c {
                '\\' => {
                    self.take(Half::Neither);
                    self.take(Half::Neither);
                }
                '"' => {
                    self.take(Half::Code);
                    break;
                }
                _ => self.take(Half::Neither),
            }
        }
    }

    /// `'a'` and `'\n'` are characters, `'a` before anything else is a lifetime.
    fn character_or_lifetime(&mut self) {
        let escaped = self.peek(1) == Some('\\');
        if !escaped && self.peek(2) != Some('\'') {
            return self.take(Half::Code);
        }
        self.take(Half::Code);
        if escaped {
            self.take(Half::Neither);
        }
        self.take(Half::Neither);
        while self.peek(0).is_some_and(|c| c != '\'' && c != '\n') {
            self.take(Half::Neither);
        }
        self.take(Half::Code);
    }

    /// The number of hashes when a raw string begins here: `r"`, `r#"`, `br##"`, `cr"`.
    fn raw_hashes(&self) -> Option<usize> {
        let prefix = match (self.peek(0)?, self.peek(1)) {
            ('r', _) => 1,
            ('b' | 'c', Some('r')) => 2,
            _ => return None,
        };
        let mut hashes = 0;
        while self.peek(prefix + hashes) == Some('#') {
            hashes += 1;
        }
        (self.peek(prefix + hashes) == Some('"')).then_some(hashes)
    }

    fn raw_string(&mut self) {
        let hashes = self.raw_hashes().unwrap_or(0);
        while self.peek(0).is_some_and(|c| c != '"') {
            self.take(Half::Code);
        }
        self.take(Half::Code);
        while self.peek(0).is_some() {
            let ends = self.peek(0) == Some('"') && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#'));
            if ends {
                for _ in 0..=hashes {
                    self.take(Half::Code);
                }
                break;
            }
            self.take(Half::Neither);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code of a text, with runs of blanks as one, to be read easily.
    fn code(text: &str) -> String {
        scan(text).code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn comments(text: &str) -> String {
        scan(text).comments.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_leave_the_code_and_strings_lose_their_content() {
        let text = "let a = \"// no { comment\"; // a \"comment\"\nlet b = 1; /* x /* nested */ y */ let c;";
        assert_eq!(code(text), "let a = \" \"; let b = 1; let c;");
        assert_eq!(comments(text), "// a \"comment\" /* x /* nested */ y */");
    }

    #[test]
    fn quotes_inside_strings_and_characters_end_nothing() {
        assert_eq!(
            code(r#"a("\"{", '"', '\'', '{', b'}') + f::<'a>(x)"#),
            "a(\" \", ' ', ' ', ' ', b' ') + f::<'a>(x)"
        );
        assert_eq!(code("let s = '\\u{1F600}'; {"), "let s = ' '; {");
    }

    #[test]
    fn raw_strings_end_at_their_own_number_of_hashes() {
        assert_eq!(
            code("x(r#\"one \" {\"#, br\"\\\", r##\"a\"#b\"##) }"),
            "x(r#\" \"#, br\" \", r##\" \"##) }"
        );
        assert_eq!(code("let r#type = bar\"x\";"), "let r#type = bar\" \";");
    }

    #[test]
    fn lines_and_columns_stay_where_they_were() {
        let text = "/* one\ntwo */ let x = \"a\nb\";\n";
        let scanned = scan(text);
        assert_eq!(scanned.code.lines().count(), text.lines().count());
        assert_eq!(scanned.comments.lines().count(), text.lines().count());
        assert_eq!(
            scanned.code.lines().nth(1).and_then(|line| line.find("let")),
            text.lines().nth(1).and_then(|line| line.find("let"))
        );
    }
}
