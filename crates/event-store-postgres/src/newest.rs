//! The newest event of a stream, asked of the database: many who ask at once share one question.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use event_store::{Position, ReadError, StreamId};
use sqlx::Row;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::reader::Readers;
use crate::session::natural;
use crate::state::State;

/// The most streams in one question.
const AT_ONCE: usize = 1024;

const NEWEST: &str = "
SELECT u.number, e.version, e.position
  FROM UNNEST($1::uuid[], $2::int[]) WITH ORDINALITY AS u (key, category, number)
 CROSS JOIN LATERAL (
           SELECT version, position FROM events WHERE category = u.category AND key = u.key ORDER BY version DESC LIMIT 1
       ) e";

/// The version and the position of the newest event of a stream.
type Newest = Option<(u64, Position)>;

#[derive(Debug)]
struct Question {
    stream: StreamId,
    answer: oneshot::Sender<Result<Newest, Arc<ReadError>>>,
}

/// Where questions are put.
#[derive(Debug)]
pub(crate) struct Asking(mpsc::UnboundedSender<Question>);

/// What answers them.
#[derive(Debug)]
pub(crate) struct Answering {
    questions: mpsc::UnboundedReceiver<Question>,
    readers: Arc<Readers>,
    state: Arc<State>,
}

pub(crate) fn channel(readers: Arc<Readers>, state: Arc<State>) -> (Asking, Answering) {
    let (sender, questions) = mpsc::unbounded_channel();
    (Asking(sender), Answering { questions, readers, state })
}

impl Asking {
    pub(crate) async fn newest(&self, stream: &StreamId) -> Result<Newest, ReadError> {
        let (answer, answered) = oneshot::channel();
        let closed = || ReadError::Unavailable("the event log is closed".into());
        self.0.send(Question { stream: stream.clone(), answer }).map_err(|_| closed())?;
        let answer = answered.await.map_err(|_| closed())?;
        answer.map_err(|error| ReadError::Unavailable(error.to_string().into()))
    }
}

impl Answering {
    /// Takes whatever was asked by now, asks the database once, answers; without end.
    pub(crate) async fn run(mut self) {
        let mut questions = Vec::new();
        while self.questions.recv_many(&mut questions, AT_ONCE).await > 0 {
            let found = self.find(&questions).await.map_err(Arc::new);
            for question in questions.drain(..) {
                let answer = match &found {
                    Ok(found) => Ok(found.get(&question.stream).copied()),
                    Err(error) => Err(Arc::clone(error)),
                };
                // Nobody waiting is fine.
                drop(question.answer.send(answer));
            }
        }
    }

    /// What is newest of each stream that is asked for: the same role may be looked at for many commands at once.
    async fn find(&self, questions: &[Question]) -> Result<HashMap<StreamId, (u64, Position)>, ReadError> {
        let streams: HashSet<&StreamId> = questions.iter().map(|question| &question.stream).collect();
        let (mut asked, mut keys, mut categories): (Vec<&StreamId>, Vec<Uuid>, Vec<i32>) = (Vec::new(), Vec::new(), Vec::new());
        for stream in streams {
            // One of a kind that has no number has no events.
            if let Some(category) = self.readers.category(&stream.category).await? {
                asked.push(stream);
                keys.push(stream.key);
                categories.push(category);
            }
        }
        let mut found = HashMap::with_capacity(asked.len());
        if asked.is_empty() {
            return Ok(found);
        }
        let rows = self.readers.connections.rows(|| sqlx::query(NEWEST).bind(keys.as_slice()).bind(categories.as_slice())).await;
        let mut head = Position::START;
        for row in rows.map_err(crate::reader::unavailable)? {
            let column = |number: usize| row.try_get::<i64, _>(number).map(natural).map_err(crate::reader::unavailable);
            let (number, version, position) = (column(0)?, column(1)?, Position(column(2)?));
            let stream = usize::try_from(number).ok().and_then(|number| asked.get(number.checked_sub(1)?));
            if let Some(stream) = stream {
                found.insert(StreamId::clone(stream), (version, position));
            }
            head = head.max(position);
        }
        self.state.reaches(head);
        Ok(found)
    }
}
