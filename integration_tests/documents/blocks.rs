//! Fenced blocks of the pages of both programs, and how each kind is run. The fence names the kind:
//!
//! | Fence | Run |
//! |---|---|
//! | `json config.json`, `json catalog.json`, `json state.json` | a file of that name in the page's folder, which the binary is run with; several files differ by a word in the name, such as `config-agent.json` |
//! | `json part`, `json bucket.json` | an excerpt of a configuration; it is complete together with README's configuration |
//! | `jsonl rows.jsonl` | a file of that name in the page's folder: rows, one per line |
//! | `text` | what the commands above it print, line by line; `…` stands for anything |
//! | `sh` | by the shell in the page's folder, with the simulator as the account |
//! | `sh sync.sh` | like `sh`, as a script of that name, which stays in the folder |
//! | `crontab` | like `sh`, without the times |
//! | `sh ci` | by `.ci/run`, which contains each line |
//! | `sh bench` | not run, as it takes hours; `Cargo.toml` names each, and CI compiles them |
//! | `diff` | the patch must fit the project; `acceptance/documents.py` applies it and tests what it adds |
//! | `sh wheels` | by `acceptance/wheels.py` |
//! | `sh acceptance`, `sh server`, `sh cluster`, `sh contributing`, `python`, `sql`, `sql rows`, `sql rejected`, `yaml` | by `acceptance/documents.py` |
//! | `sh registry` | by `acceptance/registry.py` |
//! | `sh airflow`, `json airflow`, `sql accounts` | by `acceptance/many_accounts.py` |

/// The kinds of blocks, as their fences name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'b> {
    /// A file of this name, which the binary is run with.
    File(&'b str),
    /// An excerpt of a configuration.
    Part,
    /// A file of this name that holds rows.
    Rows(&'b str),
    /// The output of the commands above it.
    Printed,
    Commands,
    /// A script of this name.
    Script(&'b str),
    Crontab,
    Ci,
    Benches,
    Patch,
    /// Needs a tool that this test does not have. `acceptance/` runs it.
    Acceptance,
}

#[derive(Debug)]
pub(super) struct Block {
    pub(super) page: String,
    /// The line of the fence.
    pub(super) line: usize,
    fence: String,
    pub(super) text: String,
}

/// The blocks of a page.
pub(super) fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open: Option<(Block, usize)> = None;
    for (index, line) in text.lines().enumerate() {
        let content = line.trim_start();
        let indentation = line.len() - content.len();
        match (&mut open, content.strip_prefix("```")) {
            (None, Some(fence)) => {
                let fence = fence.trim().to_owned();
                let page = page.to_owned();
                let block = Block { page, line: index + 1, fence, text: String::new() };
                open = Some((block, indentation));
            }
            (None, None) => {}
            (Some(_), Some("")) => found.extend(open.take().map(|(block, _)| block)),
            (Some((block, indentation)), _) => {
                block.text.push_str(line.get(*indentation..).unwrap_or(content));
                block.text.push('\n');
            }
        }
    }
    assert!(open.is_none(), "{page}: a fence is not closed: {open:?}");
    found
}

impl Block {
    /// The kind of a block. `None` if nothing runs blocks of this kind.
    pub(super) fn kind(&self) -> Option<Kind<'_>> {
        let words: Vec<&str> = self.fence.split_whitespace().collect();
        match *words {
            ["json", "part" | "bucket.json"] => Some(Kind::Part),
            ["jsonl", file] if file.ends_with(".jsonl") => Some(Kind::Rows(file)),
            ["text"] => Some(Kind::Printed),
            [
                "sh",
                "acceptance" | "server" | "cluster" | "contributing" | "registry" | "airflow"
                | "wheels",
            ]
            | ["json", "airflow"]
            | ["python" | "sql" | "yaml"]
            | ["sql", "rows" | "rejected" | "accounts"] => Some(Kind::Acceptance),
            ["json", file] => ["config", "catalog", "state"]
                .iter()
                .any(|begin| file.starts_with(begin) && file.ends_with(".json"))
                .then_some(Kind::File(file)),
            ["sh"] => Some(Kind::Commands),
            ["sh", script] if script.ends_with(".sh") => Some(Kind::Script(script)),
            ["crontab"] => Some(Kind::Crontab),
            ["sh", "ci"] => Some(Kind::Ci),
            ["sh", "bench"] => Some(Kind::Benches),
            ["diff"] => Some(Kind::Patch),
            _ => None,
        }
    }

    pub(super) fn place(&self) -> String {
        format!("{}:{} ({})", self.page, self.line, self.fence)
    }
}

#[test]
fn every_block_is_of_a_kind_that_is_run() {
    let runners = ["documents", "registry", "many_accounts", "wheels"];
    let runner: String =
        runners.map(|part| super::text_of_workspace(&format!("acceptance/{part}.py"))).concat();
    let mut strange: Vec<String> = Vec::new();
    for page in super::pages() {
        for block in blocks(&page, &super::text_of(&page)) {
            let is_run = match block.kind() {
                None => false,
                Some(Kind::Acceptance) => runner.contains(&format!("\"{}\"", block.fence)),
                Some(_) => !block.text.trim().is_empty(),
            };
            if !is_run {
                strange.push(block.place());
            }
        }
    }
    assert!(
        strange.is_empty(),
        "nothing runs these; documents/blocks.rs names kinds: {strange:#?}"
    );
}

#[test]
fn a_file_that_commands_use_is_called_by_its_name() {
    let mut nameless: Vec<String> = Vec::new();
    for page in super::pages() {
        let text = super::text_of(&page);
        let blocks = blocks(&page, &text);
        let prose = super::links::prose(&text);
        for block in &blocks {
            // Behind the fence no reader sees the name.
            let Some(Kind::File(name) | Kind::Rows(name) | Kind::Script(name)) = block.kind()
            else {
                continue;
            };
            let uses = |other: &Block| {
                other.kind() == Some(Kind::Commands)
                    && other.text.split([' ', '/', '\n']).any(|word| word == name)
            };
            if blocks.iter().any(uses) && !prose.contains(&format!("`{name}`")) {
                nameless.push(block.place());
            }
        }
    }
    assert!(nameless.is_empty(), "no text says what these files are called: {nameless:#?}");
}

/// The commands of a block, without the comments on them.
fn commands(block: &Block) -> impl Iterator<Item = &str> {
    let commands = block.text.lines().map(|line| line.split(" #").next().unwrap_or(line).trim());
    commands.filter(|command| !command.is_empty())
}

#[test]
fn commands_that_ci_runs_are_there() {
    let ci = super::text_of_workspace(".ci/run") + &super::text_of_workspace(".ci/check");
    let lines = ci.lines().map(str::trim);
    let steps: Vec<&str> = lines
        .filter_map(|line| line.strip_prefix("step ").or_else(|| line.strip_prefix("tests ")))
        .collect();
    let manifest = super::text_of_workspace("Cargo.toml")
        + &super::text_of_workspace("destination/Cargo.toml");
    let is_bench = |name: &str| manifest.contains(&format!("[[bench]]\nname = \"{name}\"\n"));
    let is_there = |kind: Kind<'_>, command: &str| match kind {
        Kind::Ci => command == ".ci/run" || steps.contains(&command),
        Kind::Benches => command.strip_prefix("cargo bench --bench ").is_some_and(is_bench),
        _ => true,
    };
    let mut missing: Vec<String> = Vec::new();
    for page in super::pages() {
        for block in blocks(&page, &super::text_of(&page)) {
            let Some(kind) = block.kind() else { continue };
            let missed = commands(&block).filter(|command| !is_there(kind, command));
            missing.extend(missed.map(|command| format!("{}: {command}", block.place())));
        }
    }
    assert!(missing.is_empty(), "neither .ci/run nor Cargo.toml has: {missing:#?}");
}

#[test]
fn blocks_are_found_with_their_kind_and_without_the_indentation_of_a_list() {
    let text =
        "a\n```json state.json\n[]\n```\n- b\n  ```sh\n  one \\\n    two\n  ```\n```\nx\n```\n";
    let found = blocks("page", text);
    let kinds: Vec<Option<Kind<'_>>> = found.iter().map(Block::kind).collect();
    assert_eq!(kinds, [Some(Kind::File("state.json")), Some(Kind::Commands), None]);
    assert_eq!(found[1].text, "one \\\n  two\n");
    assert_eq!(found[1].line, 6);
}
