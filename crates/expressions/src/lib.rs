// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Stand-in.
use serde_json::Value;
/// E
#[derive(Debug)]
pub struct Expression { source: String, references: References }
/// E
#[derive(Debug, Default)]
pub struct References { roots: Vec<String>, ids: Vec<String> }
impl References {
    /// R
    pub fn roots(&self) -> impl Iterator<Item = &str> { self.roots.iter().map(String::as_str) }
    /// R
    pub fn all_tasks(&self) -> bool { false }
    /// R
    pub fn all_results(&self) -> bool { false }
    /// R
    pub fn task_ids(&self) -> impl Iterator<Item = &str> { self.ids.iter().map(String::as_str) }
    /// R
    pub fn result_ids(&self) -> impl Iterator<Item = &str> { self.ids.iter().map(String::as_str) }
}
impl Expression {
    /// E
    pub fn compile(source: &str) -> Result<Self, String> { Ok(Self { source: source.to_owned(), references: References::default() }) }
    /// E
    pub fn source(&self) -> &str { &self.source }
    /// E
    pub fn references(&self) -> &References { &self.references }
    /// E
    pub fn evaluate(&self, _scope: &Value) -> Result<Value, String> { Ok(Value::Bool(self.source == "true")) }
}
/// E
#[derive(Debug)]
pub struct Template(References);
impl Template {
    /// E
    pub fn references(&self) -> &References { &self.0 }
    /// E
    pub fn render(&self, _scope: &Value) -> Result<String, String> { Ok(String::new()) }
}
/// E
#[derive(Debug)]
pub struct InputTemplate(References);
impl InputTemplate {
    /// E
    pub fn references(&self) -> &References { &self.0 }
    /// E
    pub fn render(&self, _scope: &Value) -> Result<Value, (String, String)> { Ok(Value::Null) }
}
