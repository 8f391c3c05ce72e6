//! Names of streams in the server, and which of its streams are ours.

use event_store::StreamId;
use uuid::Uuid;

use crate::OpenError;

/// Whose a stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A stream of events.
    Ours(StreamId),
    /// What the server keeps about one of our streams, such as from which event on it may be seen.
    About(StreamId),
    /// Where the epochs of this log are.
    Epochs,
    /// The server's own, another log's or another application's.
    Another,
}

/// How streams are named: `category-uuid`, or `namespace.category-uuid`.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    prefix: String,
    epochs: String,
}

impl Names {
    pub(crate) fn new(namespace: &str) -> Result<Self, OpenError> {
        let fits = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
        if namespace.len() > 31 || !namespace.as_bytes().iter().all(fits) {
            return Err(OpenError::Address("a namespace is at most 31 lower-case letters, digits and '_'".to_owned()));
        }
        let prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}.") };
        // No category has a hyphen, and "epochs" is no uuid: no stream of events has this name.
        let epochs = format!("{prefix}gatehouse-epochs");
        Ok(Self { prefix, epochs })
    }

    /// The name of a stream of events.
    pub(crate) fn of(&self, stream: &StreamId) -> String {
        format!("{}{stream}", self.prefix)
    }

    /// The stream in which the server keeps what it knows about a stream of events.
    pub(crate) fn about(&self, stream: &StreamId) -> String {
        format!("$${}{stream}", self.prefix)
    }

    /// The stream of epochs.
    pub(crate) fn epochs(&self) -> &str {
        &self.epochs
    }

    pub(crate) fn owner(&self, name: &str) -> Owner {
        if name == self.epochs {
            return Owner::Epochs;
        }
        if let Some(stream) = name.strip_prefix("$$").and_then(|name| self.stream(name)) {
            return Owner::About(stream);
        }
        self.stream(name).map_or(Owner::Another, Owner::Ours)
    }

    /// Only the one way in which we write a name counts: another is another stream to the server.
    fn stream(&self, name: &str) -> Option<StreamId> {
        let (category, key) = name.strip_prefix(self.prefix.as_str())?.split_once('-')?;
        let is_category = (1..=31).contains(&category.len()) && category.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let key = Uuid::try_parse(key).ok().filter(|parsed| is_category && parsed.as_hyphenated().to_string() == key)?;
        Some(StreamId::new(category, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_known_by_its_name_and_by_no_other() {
        let stream = StreamId::new("a_case", Uuid::from_u128(0xAB));
        for namespace in ["", "test_1"] {
            let names = Names::new(namespace).unwrap();
            let name = names.of(&stream);
            assert_eq!(names.owner(&name), Owner::Ours(stream.clone()));
            assert_eq!(names.owner(&names.about(&stream)), Owner::About(stream.clone()));
            assert_eq!(names.owner(names.epochs()), Owner::Epochs);
            for other in
                [name.to_uppercase(), format!("other.{name}"), format!("{name}0"), format!("$ce-{name}"), "$stats-x".into(), String::new()]
            {
                assert_eq!(names.owner(&other), Owner::Another, "{other}");
            }
        }
        let plain = Names::new("").unwrap();
        assert_eq!(Names::new("test_1").unwrap().owner(&plain.of(&stream)), Owner::Another);
        assert!(Names::new("Test-1").is_err());
    }
}
