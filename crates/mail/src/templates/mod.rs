//! What mails say: templates compiled in, by locale, which an operator may replace file by file.

mod compiled;
mod filters;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use notification_dispatch::Template;

use crate::text;

/// The locale that every mail exists in, and that others fall back to.
const FALLBACK: &str = "en";

/// Why templates cannot be used, or a mail cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The operator's folder cannot be read.
    #[error("the folder of mail templates cannot be read: {path}")]
    Folder {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file in the operator's folder does not belong to any mail: most likely its name is misspelt.
    #[error("{path} is no template of a mail: there is {expected}")]
    Unknown {
        /// Which file.
        path: PathBuf,
        /// What could have been meant.
        expected: String,
    },
    /// A template is not valid, or names a value that its mail does not have.
    #[error("the mail template {template} cannot be rendered: {what}")]
    Invalid {
        /// Which template.
        template: String,
        /// What is wrong, and where.
        what: String,
    },
    /// The locale is not a language tag such as `en` or `de-AT`.
    #[error("{0} is not a locale such as en or de")]
    Locale(String),
    /// The time zone is not known.
    #[error("{0} is not a time zone such as Europe/Berlin")]
    TimeZone(String),
}

/// A mail, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject: one line, not empty.
    pub subject: String,
    /// The plain text, wrapped to 76 characters, lines ended by `\n`.
    pub text: String,
    /// The HTML: a whole page.
    pub html: String,
}

/// The templates of all mails in one locale.
pub struct Templates {
    environment: Environment<'static>,
    locale: String,
    known: BTreeSet<String>,
}

impl Templates {
    /// The templates compiled in, in this locale; mails that it does not have are in English. Instants are shown in the time
    /// zone of this IANA name unless a mail says another.
    ///
    /// # Errors
    /// [`TemplateError`] if locale or time zone are not valid.
    pub fn compiled_in(locale: &str, time_zone: &str) -> Result<Self, TemplateError> {
        Self::new(locale, time_zone, None)
    }

    /// As [`Templates::compiled_in`], with files of this folder instead of those of the same name:
    /// `<locale>/<mail>.subject.txt`, `<locale>/<mail>.txt`, `<locale>/<mail>.html`, `<locale>/layout.txt`, `<locale>/layout.html`.
    ///
    /// # Errors
    /// [`TemplateError`] if the folder cannot be read, or holds a file of another name or a template that is not valid.
    pub fn with_folder(locale: &str, time_zone: &str, folder: &Path) -> Result<Self, TemplateError> {
        Self::new(locale, time_zone, Some(folder))
    }

    fn new(locale: &str, time_zone: &str, folder: Option<&Path>) -> Result<Self, TemplateError> {
        let zone = TimeZone::get(time_zone).map_err(|_error| TemplateError::TimeZone(time_zone.to_owned()))?;
        if !is_locale(locale) {
            return Err(TemplateError::Locale(locale.to_owned()));
        }
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| invalid("syntax", &error))?);
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
        filters::register(&mut environment, zone);
        let mut known = BTreeSet::new();
        for (name, source) in compiled::TEMPLATES {
            environment.add_template(name, source).map_err(|error| invalid(name, &error))?;
            known.insert((*name).to_owned());
        }
        for (name, source) in folder.map(read_folder).transpose()?.unwrap_or_default() {
            environment.add_template_owned(name.clone(), source).map_err(|error| invalid(&name, &error))?;
            known.insert(name);
        }
        Ok(Self { environment, locale: locale.to_owned(), known })
    }

    /// Renders a mail with these values.
    ///
    /// # Errors
    /// [`TemplateError::Invalid`] if a template names a value that is not there.
    pub fn render(&self, template: Template, values: &serde_json::Map<String, serde_json::Value>) -> Result<Rendered, TemplateError> {
        let locale = self.locale_of(template);
        let mut values = text::harmless(&serde_json::Value::Object(values.clone()));
        let mut set = |name: &str, value: &str| {
            if let Some(values) = values.as_object_mut() {
                values.insert(name.to_owned(), value.into());
            }
        };
        set("locale", locale);
        set("subject", "");
        let subject = text::one_line(&self.fill(&format!("{locale}/{template}.subject.txt"), &values)?);
        if let Some(values) = values.as_object_mut() {
            values.insert("subject".to_owned(), subject.as_str().into());
        }
        let text = text::wrapped(&self.fill(&format!("{locale}/{template}.txt"), &values)?);
        let html = self.fill(&format!("{locale}/{template}.html"), &values)?;
        Ok(Rendered { subject, text, html })
    }

    /// The locale that this mail is in: the one asked for, its language, or English.
    fn locale_of(&self, template: Template) -> &str {
        let language = self.locale.split('-').next().unwrap_or(FALLBACK);
        [self.locale.as_str(), language]
            .into_iter()
            .find(|locale| ["subject.txt", "txt", "html"].iter().all(|part| self.known.contains(&format!("{locale}/{template}.{part}"))))
            .unwrap_or(FALLBACK)
    }

    fn fill(&self, name: &str, values: &serde_json::Value) -> Result<String, TemplateError> {
        let template = self.environment.get_template(name).map_err(|error| invalid(name, &error))?;
        template.render(Value::from(Serde(values))).map_err(|error| invalid(name, &error))
    }
}

fn invalid(template: &str, error: &minijinja::Error) -> TemplateError {
    TemplateError::Invalid { template: template.to_owned(), what: text::causes(error) }
}

fn is_locale(text: &str) -> bool {
    (2..=12).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !text.starts_with('-')
}

/// The templates of the operator's folder, by name.
fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, TemplateError> {
    let mut found = Vec::new();
    for locale in entries(folder)? {
        let Some(name) = locale.file_name().and_then(|name| name.to_str()).filter(|name| locale.is_dir() && is_locale(name)) else {
            return Err(TemplateError::Unknown { path: locale, expected: "a folder for each locale, such as en".to_owned() });
        };
        for path in entries(&locale)? {
            let file = path.file_name().and_then(|file| file.to_str()).unwrap_or_default().to_owned();
            if !is_template_file(&file) {
                return Err(TemplateError::Unknown { path, expected: "layout.html, layout.txt, and for each mail such as invitation: invitation.subject.txt, invitation.txt, invitation.html".to_owned() });
            }
            let source = std::fs::read_to_string(&path).map_err(|source| TemplateError::Folder { path: path.clone(), source })?;
            found.push((format!("{name}/{file}"), source));
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, TemplateError> {
    let failed = |source| TemplateError::Folder { path: folder.to_owned(), source };
    let mut paths = std::fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn is_template_file(file: &str) -> bool {
    let mail = file.strip_suffix(".subject.txt").or_else(|| file.strip_suffix(".txt")).or_else(|| file.strip_suffix(".html"));
    mail.is_some_and(|mail| Template::parse(mail).is_some() || (mail == "layout" && !file.contains("subject")))
}
