// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The list of a server's tools, page by page, until it ends or is seen never to end.

use crate::message::BYTES_MAX;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// More than this no server has.
const PAGES_MAX: usize = 1000;
/// A tool that a user cannot place needs no more of its name.
const NAME_CHARS_MAX: usize = 100;

/// What has been listed so far.
#[derive(Default)]
pub(crate) struct Listing {
    /// By name, each as JSON text.
    tools: Vec<String>,
    names: HashMap<String, usize>,
    left_out: Vec<Value>,
    /// The page that each cursor was on.
    cursors: HashMap<String, usize>,
    pages: usize,
    count: usize,
    bytes: usize,
}

impl Listing {
    /// Adds a page. The cursor of the next one; `None` after the last; or why there is no list.
    pub(crate) fn add(&mut self, page: &Value) -> Result<Option<String>, String> {
        self.pages += 1;
        let tools = page.get("tools").and_then(Value::as_array).ok_or_else(|| format!("page {} has no array `tools`", self.pages))?;
        for tool in tools {
            self.count += 1;
            self.add_tool(tool);
        }
        let cursor = match page.get("nextCursor") {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(cursor)) => cursor,
            Some(_) => return Err(format!("`nextCursor` of page {} is not a string", self.pages)),
        };
        self.bytes += cursor.len();
        if let Some(before) = self.cursors.insert(cursor.clone(), self.pages) {
            let hint =
                if cursor.is_empty() { "; the last page has no `nextCursor`, since an empty one is asked for like any other" } else { "" };
            let shown = shown(cursor);
            return Err(format!(
                "it never ends: page {} gives the cursor `{shown}` for the next one, as page {before} did{hint}",
                self.pages
            ));
        }
        if self.pages >= PAGES_MAX {
            return Err(format!("it has more than {PAGES_MAX} pages, and {} tools so far", self.tools.len()));
        }
        if self.bytes > BYTES_MAX {
            return Err(format!("it is larger than {} MiB after {} pages", BYTES_MAX / (1024 * 1024), self.pages));
        }
        Ok(Some(cursor.clone()))
    }

    /// `{ tools, leftOut }` as JSON text: the tools that can be used, and `{ name, why }` of each that cannot.
    pub(crate) fn end(self) -> String {
        let left_out = json!(self.left_out);
        format!(r#"{{"tools":[{}],"leftOut":{left_out}}}"#, self.tools.join(","))
    }

    fn add_tool(&mut self, tool: &Value) {
        let (name, text) = match read(tool) {
            Ok((name, tool)) => (name, tool.to_string()),
            Err(why) => {
                let name = tool.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
                let which = name.map_or_else(|| format!("tool number {}", self.count), |name| format!("tool `{}`", shown(name)));
                self.leave_out(name, &format!("{which} is left out: {why}"));
                return;
            }
        };
        self.bytes += text.len();
        match self.names.get(&name).and_then(|at| self.tools.get(*at)) {
            // Pages of a list that changes meanwhile overlap.
            Some(before) if *before == text => {}
            Some(_) => {
                let why = format!("tool `{}` is listed twice, in two forms: the first is used", shown(&name));
                self.leave_out(Some(&name), &why);
            }
            None => {
                self.names.insert(name, self.tools.len());
                self.tools.push(text);
            }
        }
    }

    fn leave_out(&mut self, name: Option<&str>, why: &str) {
        self.bytes += why.len() + name.map_or(0, str::len);
        self.left_out.push(json!({ "name": name, "why": why }));
    }
}

/// What is used of a tool, with its name; or why it cannot be.
fn read(tool: &Value) -> Result<(String, Value), &'static str> {
    let fields = tool.as_object().ok_or("it is not an object")?;
    let name = fields.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).ok_or("it has no `name`")?;
    let schema = match fields.get("inputSchema") {
        None | Some(Value::Null) => return Err("it has no `inputSchema` for its arguments"),
        Some(schema @ Value::Object(_)) => schema,
        Some(_) => return Err("its `inputSchema` is not an object"),
    };
    let mut used = Map::from_iter([("name".to_owned(), json!(name))]);
    for field in ["title", "description"] {
        if let Some(text @ Value::String(_)) = fields.get(field) {
            used.insert(field.to_owned(), text.clone());
        }
    }
    used.insert("inputSchema".to_owned(), schema.clone());
    Ok((name.to_owned(), Value::Object(used)))
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(NAME_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Listing, PAGES_MAX};
    use serde_json::{Value, json};

    fn tool(name: &str) -> Value {
        json!({ "name": name, "inputSchema": { "type": "object" } })
    }

    #[test]
    fn a_list_ends_where_no_cursor_is_given_and_an_empty_one_is_a_cursor() {
        let mut listing = Listing::default();
        assert_eq!(listing.add(&json!({ "tools": [tool("a"), tool("b")], "nextCursor": "" })), Ok(Some(String::new())));
        assert_eq!(listing.add(&json!({ "tools": [tool("b"), tool("c")], "nextCursor": "2" })), Ok(Some("2".to_owned())));
        assert_eq!(listing.add(&json!({ "tools": [], "nextCursor": null })), Ok(None));
        let listed: Value = serde_json::from_str(&listing.end()).unwrap();
        assert_eq!(listed, json!({ "tools": [tool("a"), tool("b"), tool("c")], "leftOut": [] }));
    }

    #[test]
    fn a_list_that_never_ends_ends() {
        let mut listing = Listing::default();
        for (page, cursor) in ["a", "b"].iter().enumerate() {
            assert!(listing.add(&json!({ "tools": [], "nextCursor": cursor })).is_ok(), "page {page}");
        }
        let why = listing.add(&json!({ "tools": [], "nextCursor": "a" })).unwrap_err();
        assert_eq!(why, "it never ends: page 3 gives the cursor `a` for the next one, as page 1 did");
        let mut empty = Listing::default();
        empty.add(&json!({ "tools": [], "nextCursor": "" })).unwrap();
        let why = empty.add(&json!({ "tools": [], "nextCursor": "" })).unwrap_err();
        assert!(why.ends_with("the last page has no `nextCursor`, since an empty one is asked for like any other"), "{why}");
    }

    #[test]
    fn pages_and_bytes_are_bounded_whatever_the_cursors() {
        let mut listing = Listing::default();
        let why = (0..).find_map(|page| listing.add(&json!({ "tools": [], "nextCursor": page.to_string() })).err());
        assert_eq!(why.as_deref(), Some("it has more than 1000 pages, and 0 tools so far"));
        assert_eq!(listing.pages, PAGES_MAX);
        let large = "x".repeat(1024 * 1024);
        let of_tools = |page: usize| json!({ "tools": [{ "name": page.to_string(), "description": large, "inputSchema": {} }], "nextCursor": page.to_string() });
        let of_cursors = |page: usize| json!({ "tools": [], "nextCursor": format!("{page}{large}") });
        let of_faults = |page: usize| json!({ "tools": vec![json!({}); 400_000], "nextCursor": page.to_string() });
        for pages in [&of_tools as &dyn Fn(usize) -> Value, &of_cursors, &of_faults] {
            let mut listing = Listing::default();
            let why = (0..100).find_map(|page| listing.add(&pages(page)).err()).unwrap();
            assert!(why.starts_with("it is larger than 16 MiB after "), "{why}");
        }
    }

    #[test]
    fn a_tool_that_cannot_be_used_is_left_out_alone() {
        let mut listing = Listing::default();
        let page = json!({ "tools": [
            { "name": "none", "description": "x" }, { "name": "null", "inputSchema": null }, { "name": "text", "inputSchema": "{}" },
            { "inputSchema": {} }, 7, tool("good"), { "name": "good", "inputSchema": { "type": "object", "required": [] } },
            { "name": "odd", "title": 5, "description": null, "inputSchema": {}, "annotations": "none", "outputSchema": 3 },
        ] });
        assert_eq!(listing.add(&page), Ok(None));
        let listed: Value = serde_json::from_str(&listing.end()).unwrap();
        assert_eq!(listed["tools"], json!([tool("good"), { "name": "odd", "inputSchema": {} }]));
        assert_eq!(
            listed["leftOut"],
            json!([
                { "name": "none", "why": "tool `none` is left out: it has no `inputSchema` for its arguments" },
                { "name": "null", "why": "tool `null` is left out: it has no `inputSchema` for its arguments" },
                { "name": "text", "why": "tool `text` is left out: its `inputSchema` is not an object" },
                { "name": null, "why": "tool number 4 is left out: it has no `name`" },
                { "name": null, "why": "tool number 5 is left out: it is not an object" },
                { "name": "good", "why": "tool `good` is listed twice, in two forms: the first is used" },
            ])
        );
    }

    #[test]
    fn what_is_no_list_is_said() {
        for (page, wanted) in [
            (json!({}), "page 1 has no array `tools`"),
            (json!({ "tools": {} }), "page 1 has no array `tools`"),
            (json!("x"), "page 1 has no array `tools`"),
            (json!({ "tools": [], "nextCursor": 2 }), "`nextCursor` of page 1 is not a string"),
        ] {
            assert_eq!(Listing::default().add(&page).unwrap_err(), wanted);
        }
    }
}
