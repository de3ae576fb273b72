//! What is in a line that is known to be JSON, and what the columns are by all lines so far.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};

use super::super::guess::Guess;

/// How deep lists and objects may lie within one another.
const DEPTH: usize = 64;

/// How many members all objects of a table may have. More of them are names that should have been values.
const MEMBERS: usize = 10_000;

/// Where something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The file's number among those of the table.
    pub(super) file: usize,
    pub(super) line: u64,
}

/// Goes through lines and notes what is in them.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    names: &'a [String],
    row: Object,
    /// How many objects there were, and how many members their kinds have.
    objects: u64,
    members: usize,
}

/// What a value is.
#[derive(Debug)]
struct Node {
    shape: Shape,
    /// Where that was seen first.
    place: Place,
    /// The object in which it was seen last.
    object: u64,
}

#[derive(Debug)]
enum Shape {
    Nothing,
    Scalar(Guess),
    List(Box<Node>),
    Object(Object),
}

/// The members of objects, in the order in which they first appeared.
#[derive(Debug, Default)]
struct Object {
    members: Vec<(Arc<str>, Node)>,
    places: HashMap<Arc<str>, usize>,
}

/// A line on the way.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
    place: Place,
}

/// A problem, and the names that lead to it, the innermost first.
struct Problem {
    path: Vec<String>,
    said: String,
}

impl<'a> Scanner<'a> {
    /// A scanner of these files.
    pub(super) fn new(names: &'a [String]) -> Self {
        Self { names, row: Object::default(), objects: 0, members: 0 }
    }

    /// Notes what is in a line, which is an object.
    ///
    /// # Errors
    /// In words, when it does not fit what was seen before.
    pub(super) fn look(&mut self, text: &str, place: Place) -> Result<(), String> {
        let mut row = std::mem::take(&mut self.row);
        let looked = self.object(&mut Cursor { text, at: 0, place }, &mut row, 0);
        self.row = row;
        looked.map_err(|problem| {
            let path: Vec<&str> = problem.path.iter().rev().map(String::as_str).collect();
            if path.is_empty() { problem.said } else { format!("`{}` {}", path.join("."), problem.said) }
        })
    }

    /// The columns.
    pub(super) fn into_fields(self) -> Fields {
        self.row.into_fields()
    }

    fn value(&mut self, cursor: &mut Cursor<'_>, node: &mut Node, depth: usize) -> Result<(), Problem> {
        match cursor.peek() {
            b'{' => {
                self.become_or_refuse(
                    node,
                    cursor.place,
                    |shape| matches!(shape, Shape::Object(_)),
                    || Shape::Object(Object::default()),
                )?;
                match &mut node.shape {
                    Shape::Object(object) => self.object(cursor, object, depth),
                    _ => Ok(()),
                }
            }
            b'[' => {
                let items = || Shape::List(Box::new(Node::new(cursor.place)));
                self.become_or_refuse(node, cursor.place, |shape| matches!(shape, Shape::List(_)), items)?;
                match &mut node.shape {
                    Shape::List(item) => self.list(cursor, item, depth),
                    _ => Ok(()),
                }
            }
            b'n' => {
                cursor.word();
                Ok(())
            }
            first => {
                let guess = match first {
                    b'"' => {
                        cursor.string();
                        Guess::Text
                    }
                    b't' | b'f' => {
                        cursor.word();
                        Guess::Boolean
                    }
                    // A floating-point number has a negative zero.
                    _ => match cursor.word() {
                        "-0" => Guess::Float,
                        number => Guess::of(number),
                    },
                };
                let scalar = || Shape::Scalar(Guess::Nothing);
                self.become_or_refuse(node, cursor.place, |shape| matches!(shape, Shape::Scalar(_)), scalar)?;
                if let Shape::Scalar(known) = &mut node.shape {
                    *known = known.and(guess);
                }
                Ok(())
            }
        }
    }

    fn object(&mut self, cursor: &mut Cursor<'_>, object: &mut Object, depth: usize) -> Result<(), Problem> {
        check_depth(depth)?;
        self.objects += 1;
        let this = self.objects;
        let mut expected = 0;
        cursor.enter();
        while let Some(name) = cursor.member() {
            let name = unescaped(name);
            let index = match object.find(&name, expected) {
                Some(index) => index,
                None => {
                    self.members += 1;
                    if self.members > MEMBERS {
                        return Err(Problem::new(format!("has more than {MEMBERS} different names in its objects")));
                    }
                    object.add(&name, cursor.place)
                }
            };
            expected = index + 1;
            let node = &mut object.members[index].1;
            if std::mem::replace(&mut node.object, this) == this {
                return Err(Problem::new("is twice in one object").within(&name));
            }
            self.value(cursor, node, depth + 1).map_err(|problem| problem.within(&name))?;
        }
        Ok(())
    }

    fn list(&mut self, cursor: &mut Cursor<'_>, item: &mut Node, depth: usize) -> Result<(), Problem> {
        check_depth(depth)?;
        cursor.enter();
        while cursor.item() {
            self.value(cursor, item, depth + 1)?;
        }
        Ok(())
    }

    /// Sees to it that a node is of that kind: at once when nothing was known of it.
    fn become_or_refuse(
        &self,
        node: &mut Node,
        place: Place,
        is: impl FnOnce(&Shape) -> bool,
        made: impl FnOnce() -> Shape,
    ) -> Result<(), Problem> {
        if let Shape::Nothing = node.shape {
            (node.shape, node.place) = (made(), place);
            return Ok(());
        }
        if is(&node.shape) {
            return Ok(());
        }
        let file = if node.place.file == place.file { String::new() } else { format!(" of `{}`", self.names[node.place.file]) };
        let (now, before, line) = (made().described(), node.shape.described(), node.place.line);
        Err(Problem::new(format!("is {now} here and {before} in line {line}{file}; no column holds both")))
    }
}

impl Node {
    fn new(place: Place) -> Self {
        Self { shape: Shape::Nothing, place, object: 0 }
    }

    fn into_data_type(self) -> DataType {
        match self.shape {
            Shape::Nothing => DataType::Utf8,
            Shape::Scalar(guess) => guess.data_type(),
            Shape::List(item) => DataType::List(Arc::new(Field::new_list_field(item.into_data_type(), true))),
            Shape::Object(object) => DataType::Struct(object.into_fields()),
        }
    }
}

impl Shape {
    fn described(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Scalar(_) => "a single value",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl Object {
    /// The number of a member, which is mostly the one that comes next.
    fn find(&self, name: &str, expected: usize) -> Option<usize> {
        match self.members.get(expected) {
            Some((known, _)) if &**known == name => Some(expected),
            _ => self.places.get(name).copied(),
        }
    }

    fn add(&mut self, name: &str, place: Place) -> usize {
        let name: Arc<str> = name.into();
        self.places.insert(Arc::clone(&name), self.members.len());
        self.members.push((name, Node::new(place)));
        self.members.len() - 1
    }

    fn into_fields(self) -> Fields {
        self.members.into_iter().map(|(name, node)| Field::new(&*name, node.into_data_type(), true)).collect()
    }
}

/// Everything here trusts that the text is JSON.
impl<'t> Cursor<'t> {
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> u8 {
        while matches!(self.byte(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        self.byte()
    }

    /// Goes past the bracket that opens an object or a list.
    fn enter(&mut self) {
        self.peek();
        self.at += 1;
    }

    /// Goes to the next value of a list; `false` when there is none, and past its end then.
    fn item(&mut self) -> bool {
        if self.peek() == b',' {
            self.at += 1;
        }
        match self.peek() {
            b']' | b'}' | 0 => {
                self.at += 1;
                false
            }
            _ => true,
        }
    }

    /// Goes to the next value of an object; gives its name, as it is written.
    fn member(&mut self) -> Option<&'t str> {
        if !self.item() {
            return None;
        }
        let name = self.string();
        self.peek();
        self.at += 1;
        Some(name)
    }

    /// Goes past a string; gives what is between its quotes.
    fn string(&mut self) -> &'t str {
        self.at += 1;
        let (bytes, start) = (self.text.as_bytes(), self.at);
        while let Some(found) = bytes[self.at..].iter().position(|byte| matches!(byte, b'"' | b'\\')) {
            self.at += found;
            if bytes[self.at] == b'"' {
                break;
            }
            self.at = (self.at + 2).min(bytes.len());
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        self.at = (self.at + 1).min(bytes.len());
        text
    }

    /// Goes past a number or a word.
    fn word(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let end = rest.find([',', ']', '}', ' ', '\t', '\n', '\r']).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }
}

impl Problem {
    fn new(said: impl Into<String>) -> Self {
        Self { path: Vec::new(), said: said.into() }
    }

    fn within(mut self, name: &str) -> Self {
        self.path.push(name.to_owned());
        self
    }
}

fn check_depth(depth: usize) -> Result<(), Problem> {
    if depth < DEPTH { Ok(()) } else { Err(Problem::new(format!("is nested deeper than {DEPTH} levels"))) }
}

fn unescaped(name: &str) -> std::borrow::Cow<'_, str> {
    if !name.contains('\\') {
        return name.into();
    }
    serde_json::from_str::<String>(&format!("\"{name}\"")).map_or_else(|_| name.into(), Into::into)
}
