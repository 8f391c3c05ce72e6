//! A figure, its aim, and how figures are shown.

use serde_json::json;

use super::Options;

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
pub enum Aim {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// Nothing: it is there to be looked at.
    None,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Its name, for good.
    pub name: &'static str,
    /// The value: a ratio, unless the name ends in a unit.
    pub value: f64,
    /// What it should be.
    pub aim: Aim,
    /// What it was measured with, in a sentence: sizes and the absolute figures that the ratio comes from.
    pub conditions: String,
    /// What limits it.
    pub limit: &'static str,
}

impl Figure {
    /// Whether it is what it should be; none if it should be nothing.
    #[must_use]
    pub fn passed(&self) -> Option<bool> {
        match self.aim {
            Aim::AtLeast(aim) => Some(self.value >= aim),
            Aim::AtMost(aim) => Some(self.value <= aim),
            Aim::None => None,
        }
    }

    fn aim(&self) -> String {
        match self.aim {
            Aim::AtLeast(aim) => format!(">= {aim}"),
            Aim::AtMost(aim) => format!("<= {aim}"),
            Aim::None => "-".to_owned(),
        }
    }
}

/// All that was measured in one run.
#[derive(Debug)]
pub struct Report {
    options: Options,
    figures: Vec<Figure>,
    /// Clients and commands per second of each burst over HTTP, which some figures share.
    bursts: Vec<(usize, f64)>,
    started: std::time::Instant,
}

impl Report {
    /// Nothing yet.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self { options: options.clone(), figures: Vec::new(), bursts: Vec::new(), started: std::time::Instant::now() }
    }

    /// What was asked for.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Keeps how many commands per second so many clients had answered.
    pub fn keep_burst(&mut self, clients: usize, rate: f64) {
        self.bursts.push((clients, rate));
    }

    /// Commands per second of so many clients; none if that was not measured.
    #[must_use]
    pub fn burst(&self, clients: usize) -> Option<f64> {
        self.bursts.iter().find(|(of, _)| *of == clients).map(|(_, rate)| *rate)
    }

    /// Shows a figure and keeps it, if it is wanted.
    pub fn add(&mut self, figure: Figure) {
        if !self.options.wants(&[figure.name]) {
            return;
        }
        let verdict = match figure.passed() {
            Some(true) => "pass",
            Some(false) => "MISS",
            None => "    ",
        };
        println!("{verdict}  {:<38} {:>10.3}  (aim {})", figure.name, figure.value, figure.aim());
        println!("      {}", figure.conditions);
        if figure.passed() == Some(false) {
            println!("      limited by: {}", figure.limit);
        }
        self.figures.push(figure);
    }

    /// Writes the JSON, if it was asked for.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn finish(&self) {
        let missed = self.figures.iter().filter(|figure| figure.passed() == Some(false)).count();
        println!("{} figures, {missed} below their aim, in {:.0?}", self.figures.len(), self.started.elapsed());
        let Some(path) = &self.options.json else { return };
        let figures: Vec<_> = self.figures.iter().map(Self::as_json).collect();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let report = json!({ "format": 1, "full": self.options.full, "cores": cores, "figures": figures });
        let text = serde_json::to_string_pretty(&report).expect("the report can be written as JSON");
        std::fs::write(path, text + "\n").expect("the JSON file can be written");
    }

    fn as_json(figure: &Figure) -> serde_json::Value {
        let (at_least, at_most) = match figure.aim {
            Aim::AtLeast(aim) => (Some(aim), None),
            Aim::AtMost(aim) => (None, Some(aim)),
            Aim::None => (None, None),
        };
        json!({
            "name": figure.name,
            "value": figure.value,
            "at_least": at_least,
            "at_most": at_most,
            "passed": figure.passed(),
            "conditions": figure.conditions,
            "limited_by": if figure.passed() == Some(false) { Some(figure.limit) } else { None },
        })
    }
}
