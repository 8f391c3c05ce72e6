//! What can be asked. Lists are paged by key: `after` (or `before`) is the last row of the page before.

mod applications;
mod invitations;
mod organizations;
mod users;

pub use applications::*;
pub use invitations::*;
pub use organizations::*;
pub use users::*;

use projection_runtime::sql::{Database, Value};
use projection_runtime::table::{TableRow, select};

/// A text parameter.
fn text(value: impl ToString) -> Value {
    Value::Text(Some(value.to_string()))
}

/// The one row that a condition on a unique column finds.
async fn one<R: TableRow>(conn: &mut impl Database, condition: &str, parameters: Vec<Value>) -> Result<Option<R>, sqlx::Error> {
    Ok(select(conn, condition, parameters).await?.into_iter().next())
}

/// Conditions that are put together as they are asked for, each with its parameters.
#[derive(Default)]
struct Conditions {
    all: Vec<String>,
    parameters: Vec<Value>,
}

impl Conditions {
    /// Adds a parameter and returns its place, such as `$3`.
    fn parameter(&mut self, value: Value) -> String {
        self.parameters.push(value);
        format!("${}", self.parameters.len())
    }

    /// Adds a condition, in which `?` stands for the parameter.
    fn and(&mut self, condition: &str, value: Value) {
        let place = self.parameter(value);
        self.all.push(condition.replace('?', &place));
    }

    /// `WHERE …` or nothing, then `ORDER BY` these columns, at most `limit` rows.
    fn finish(mut self, order: &str, limit: u32) -> (String, Vec<Value>) {
        let limit = self.parameter(Value::Int(Some(i64::from(limit))));
        let filter = if self.all.is_empty() { String::new() } else { format!("WHERE {}", self.all.join(" AND ")) };
        (format!("{filter} ORDER BY {order} LIMIT {limit}"), self.parameters)
    }
}
