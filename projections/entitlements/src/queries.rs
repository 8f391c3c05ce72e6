//! What can be asked. Lists are paged by key: `after` is the key of the last row of the page before.

mod access;
mod relationships;
mod subscriptions;

pub use access::*;
pub use relationships::*;
pub use subscriptions::*;

use projection_runtime::sql::Value;

/// A text parameter.
fn text(value: impl ToString) -> Value {
    Value::Text(Some(value.to_string()))
}

/// Conditions that are put together as they are asked for, each with its parameters.
#[derive(Default)]
struct Conditions {
    all: Vec<String>,
    parameters: Vec<Value>,
}

impl Conditions {
    /// Adds a condition, in which each `?` stands for the next of the values.
    fn and(mut self, condition: &str, values: impl IntoIterator<Item = Value>) -> Self {
        let mut condition = condition.to_owned();
        for value in values {
            self.parameters.push(value);
            condition = condition.replacen('?', &format!("${}", self.parameters.len()), 1);
        }
        self.all.push(condition);
        self
    }

    /// The same if there is a value.
    fn and_if<T>(self, condition: &str, value: Option<T>, values: impl FnOnce(T) -> Vec<Value>) -> Self {
        match value {
            Some(value) => self.and(condition, values(value)),
            None => self,
        }
    }

    /// `WHERE …`, then `ORDER BY` these columns, at most `limit` rows.
    fn finish(mut self, order: &str, limit: u32) -> (String, Vec<Value>) {
        self.parameters.push(Value::Int(Some(i64::from(limit))));
        (format!("WHERE {} ORDER BY {order} LIMIT ${}", self.all.join(" AND "), self.parameters.len()), self.parameters)
    }
}
