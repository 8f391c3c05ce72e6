//! What reads of read models have in common.

use crate::problem::Problem;

/// A word of a query that names a state of a read model's rows.
pub(crate) fn word<T: std::str::FromStr<Err = String>>(name: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    text.map(|text| text.parse().map_err(|problem: String| Problem::malformed(format!("query:{name}"), problem))).transpose()
}

/// A read model that cannot be asked: logged, and not told.
pub(crate) fn broken(error: impl std::error::Error + 'static) -> Problem {
    Problem::internal(&error)
}
