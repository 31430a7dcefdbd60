// Before the package is packed: the WIT package of the checkout becomes a part of it.

import { cpSync } from 'node:fs';

cpSync(new URL('../../../wit/v0.1/', import.meta.url), new URL('../wit/', import.meta.url), { recursive: true });
