//! How rows and words are declared.

/// Declares a row: a struct whose fields are the table's columns, the key's columns first.
///
/// ```
/// projection_runtime::table! {
///     /// A town.
///     pub struct Town in "towns" {
///         key {
///             /// Its postal code.
///             pub code: String,
///         }
///         /// Its name, if known.
///         pub name: Option<String>,
///     }
/// }
/// ```
#[macro_export]
macro_rules! table {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident in $table:literal {
            key { $($(#[$key_meta:meta])* pub $key:ident: $key_type:ty,)+ }
            $($(#[$field_meta:meta])* pub $field:ident: $field_type:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        $vis struct $name {
            $($(#[$key_meta])* pub $key: $key_type,)+
            $($(#[$field_meta])* pub $field: $field_type,)*
        }

        impl $crate::table::TableRow for $name {
            type Key = ($($key_type,)+);
            const NAME: &'static str = $table;
            const TABLE: $crate::sql::Table = $crate::sql::Table::new($table, [$(stringify!($key)),+].len(), Self::COLUMNS);
            const COLUMNS: &'static [&'static str] = &[$(stringify!($key),)+ $(stringify!($field),)*];

            fn key(&self) -> Self::Key {
                ($(self.$key.clone(),)+)
            }

            fn values(&self) -> Result<Vec<$crate::sql::Value>, sqlx::Error> {
                Ok(vec![
                    $($crate::table::Column::value(&self.$key)?,)+
                    $($crate::table::Column::value(&self.$field)?,)*
                ])
            }

            fn read(row: &impl $crate::sql::Source) -> Result<Self, sqlx::Error> {
                let mut columns = 0_usize..;
                let mut next = || columns.next().unwrap_or_default();
                Ok(Self {
                    $($key: $crate::table::Column::read(row, next())?,)+
                    $($field: $crate::table::Column::read(row, next())?,)*
                })
            }
        }
    };
}

/// Declares an enum that is kept, and serialized, as one of some words.
///
/// ```
/// projection_runtime::words! {
///     /// Whether a shop is open.
///     pub enum Shop {
///         /// It is.
///         Open = "open",
///         /// It is not.
///         Closed = "closed",
///     }
/// }
/// ```
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        $vis enum $name {
            $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them.
            $vis const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word.
            #[must_use]
            $vis fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| {
                    let known: Vec<&str> = Self::ALL.iter().map(|known| known.as_str()).collect();
                    format!("{word:?} is none of {}", known.join(", "))
                })
            }
        }

        impl $crate::table::Column for $name {
            const NULL: $crate::sql::Value = $crate::sql::Value::Text(None);

            fn value(&self) -> Result<$crate::sql::Value, sqlx::Error> {
                Ok($crate::sql::Value::Text(Some(self.as_str().to_owned())))
            }

            fn read(row: &impl $crate::sql::Source, index: usize) -> Result<Self, sqlx::Error> {
                $crate::table::parse(row, index)
            }
        }
    };
}
