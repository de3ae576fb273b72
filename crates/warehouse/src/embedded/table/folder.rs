//! A folder whose files, and sub-folders of files, are the tables.
//!
//! The folder is read when a query names a table that is not known yet, when tables are listed, and when a known file has changed; until
//! then what was learnt of it is kept. Files may come, change and go at any time. Who asks for a table that is being looked at waits for
//! that look.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use datafusion::execution::SessionState;
use futures::FutureExt;
use outflow_core::{Code, Error, Result};
use outflow_storage::code_of;
use tokio::task::spawn_blocking;

use super::super::identifier::{composed, folded};
use super::Found;
use super::file_kind::FileKind;
use super::provider;

/// The tables of a folder.
#[derive(Debug)]
pub(in super::super) struct Folder {
    root: PathBuf,
    index: RwLock<Option<Arc<Index>>>,
    loaded: Mutex<HashMap<String, Slot>>,
}

/// What is known of a table; locked by whoever looks at its files.
type Slot = Arc<tokio::sync::Mutex<Option<Loaded>>>;

/// The tables by name, in composed form.
type Index = BTreeMap<String, Entry>;

/// What makes one table.
#[derive(Debug, Clone)]
struct Entry {
    /// A file, or a folder of files.
    path: PathBuf,
    is_folder: bool,
    /// Why it is no table after all.
    problem: Option<String>,
}

/// The files of a table as they were when they were looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Files {
    kind: FileKind,
    files: Vec<(PathBuf, u64, Option<SystemTime>)>,
}

#[derive(Debug)]
struct Loaded {
    files: Files,
    found: Found,
}

impl Folder {
    /// The tables of that folder, which is not looked at yet.
    pub(in super::super) fn new(root: PathBuf) -> Self {
        Self { root, index: RwLock::new(None), loaded: Mutex::new(HashMap::new()) }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        fs::read_dir(&self.root).map(|_| ()).map_err(|error| unavailable(&self.root, error))
    }

    pub(super) async fn names(&self) -> Result<Vec<String>> {
        Ok(self.scan().await?.keys().cloned().collect())
    }

    pub(super) async fn find(&self, name: &str, state: &SessionState) -> Result<Option<Found>> {
        let known = self.index.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(index) = known
            && let Some((name, entry)) = lookup(&index, name)?
            && entry.problem.is_none()
            && let Ok(files) = files_of(&entry).await
        {
            return self.load(name, files, state).await.map(Some);
        }
        let index = self.scan().await?;
        let Some((name, entry)) = lookup(&index, name)? else { return Ok(None) };
        if let Some(problem) = entry.problem {
            return Err(Error::new(Code::TableUnreadable, format!("the table `{name}` cannot be read: {problem}")));
        }
        let files = files_of(&entry)
            .await
            .map_err(|(code, problem)| Error::new(code, format!("the table `{name}` cannot be read: {problem}")))?;
        self.load(name, files, state).await.map(Some)
    }

    async fn load(&self, name: String, files: Files, state: &SessionState) -> Result<Found> {
        let slot = Arc::clone(self.loaded.lock().unwrap_or_else(PoisonError::into_inner).entry(name.clone()).or_default());
        let mut slot = slot.lock().await;
        if let Some(loaded) = slot.as_ref()
            && loaded.files == files
        {
            return Ok(loaded.found.clone());
        }
        let paths: Vec<PathBuf> = files.files.iter().map(|(path, ..)| path.clone()).collect();
        let opened = Box::pin(provider::open(files.kind, paths, &self.root, state));
        // What is wrong with one table's files must not take the others along, however the reader puts it.
        let found = AssertUnwindSafe(opened).catch_unwind().await.unwrap_or_else(|_| {
            let message =
                format!("the table `{name}` cannot be read: its reader failed in the middle of it; the file may be broken");
            Err(Error::new(Code::TableUnreadable, message))
        })?;
        *slot = Some(Loaded { files, found: found.clone() });
        Ok(found)
    }

    async fn scan(&self) -> Result<Arc<Index>> {
        let root = self.root.clone();
        let scanned = spawn_blocking(move || scan(&root).map_err(|error| unavailable(&root, error))).await;
        let index =
            Arc::new(scanned.map_err(|error| Error::new(Code::Internal, "the tables could not be listed").with_source(error))??);
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).retain(|name, _| index.contains_key(name));
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&index));
        Ok(index)
    }
}

/// The entry of that name exactly, or the only one that is the same but for case.
fn lookup(index: &Index, name: &str) -> Result<Option<(String, Entry)>> {
    let exact = composed(name);
    if let Some(entry) = index.get(&exact) {
        return Ok(Some((exact, entry.clone())));
    }
    let wanted = folded(name);
    let mut alike = index.iter().filter(|(other, _)| folded(other) == wanted);
    match (alike.next(), alike.next()) {
        (Some((name, entry)), None) => Ok(Some((name.clone(), entry.clone()))),
        (Some((first, _)), Some((second, _))) => Err(Error::new(
            Code::QueryInvalid,
            format!("`{name}` could be the table \"{first}\" or \"{second}\"; write its name in double quotes"),
        )),
        (None, _) => Ok(None),
    }
}

fn scan(root: &Path) -> io::Result<Index> {
    let mut index = Index::new();
    for item in fs::read_dir(root)? {
        let item = item?;
        let path = item.path();
        let Ok(file_name) = item.file_name().into_string() else { continue };
        let Ok(metadata) = fs::metadata(&path) else { continue };
        let name = match FileKind::of(&file_name) {
            Some((_, stem)) => stem,
            None if metadata.is_dir() && !file_name.starts_with(['.', '_']) => file_name.as_str(),
            None => continue,
        };
        // To open anything else, a pipe for one, could take for ever.
        let entry = if metadata.is_dir() {
            let listed = data_files(&path);
            folder_entry(path, listed)?
        } else {
            metadata.is_file().then_some(Entry { path, is_folder: false, problem: None })
        };
        let Some(entry) = entry else { continue };
        match index.get_mut(&composed(name)) {
            None => {
                index.insert(composed(name), entry);
            }
            Some(other) => {
                let mut files = [shown(&other.path), shown(&entry.path)];
                files.sort();
                other.problem = Some(format!("`{}` and `{}` would both be it; rename one of them", files[0], files[1]));
            }
        }
    }
    Ok(index)
}

/// What a folder is, going by the data files that are listed in it: no table where there are none. One that cannot be looked into says
/// why and harms no other.
fn folder_entry(path: PathBuf, listed: io::Result<Vec<PathBuf>>) -> io::Result<Option<Entry>> {
    let problem = match listed {
        Ok(files) if files.is_empty() => return Ok(None),
        Ok(_) => None,
        // It went while we looked.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // This says nothing about the folder, and passes.
        Err(error) if code_of(&error) == Code::Overloaded => return Err(error),
        Err(error) => Some(format!("its folder `{}`: {}", shown(&path), super::reason(&error))),
    };
    Ok(Some(Entry { path, is_folder: true, problem }))
}

/// The files of a table and how to read them, or why that cannot be told.
async fn files_of(entry: &Entry) -> Result<Files, (Code, String)> {
    let entry = entry.clone();
    let read = spawn_blocking(move || {
        let gone = |error: io::Error| {
            let code = if code_of(&error) == Code::Overloaded { Code::Overloaded } else { Code::TableUnreadable };
            (code, format!("`{}`: {}", shown(&entry.path), super::reason(&error)))
        };
        let unfit = |problem: String| Err((Code::TableUnreadable, problem));
        let paths = if entry.is_folder { data_files(&entry.path).map_err(gone)? } else { vec![entry.path.clone()] };
        let mut kinds = paths.iter().filter_map(|path| FileKind::of(&shown(path)).map(|(kind, _)| (kind, path)));
        let Some((kind, first)) = kinds.next() else { return unfit("its folder has no data files any more".to_owned()) };
        if let Some((other, second)) = kinds.find(|(other, _)| *other != kind) {
            let (first, second) = (shown(first), shown(second));
            return unfit(format!(
                "its files are not all of one kind: `{first}` is {}, `{second}` is {}",
                kind.described(),
                other.described()
            ));
        }
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let metadata = fs::metadata(&path).map_err(gone)?;
            if !metadata.is_file() {
                return unfit(format!("`{}` is no file any more", shown(&path)));
            }
            files.push((path, metadata.len(), metadata.modified().ok()));
        }
        Ok(Files { kind, files })
    });
    read.await.unwrap_or_else(|error| Err((Code::Internal, error.to_string())))
}

/// The data files right in a folder, sorted.
fn data_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for item in fs::read_dir(folder)? {
        let path = item?.path();
        if FileKind::of(&shown(&path)).is_some() && fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn shown(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn unavailable(root: &Path, error: io::Error) -> Error {
    let message = format!("the folder of tables `{}` cannot be read: {}", root.display(), super::reason(&error));
    Error::new(Code::WarehouseUnavailable, message).with_source(error)
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    fn index(files: &[&str]) -> (tempfile::TempDir, Index) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "a\n1\n").unwrap();
        }
        let index = scan(folder.path()).unwrap();
        (folder, index)
    }

    #[test]
    fn files_and_folders_of_files_are_tables() {
        let (_folder, index) = index(&[
            "a.csv",
            "B.json.gz",
            "notes.txt",
            "sales/1.parquet",
            "sales/2.parquet",
            "docs/readme.md",
            "c.parquet/1.parquet",
            ".git/x.csv",
        ]);
        assert_eq!(index.keys().collect::<Vec<_>>(), ["B", "a", "c", "sales"]);
        assert_eq!(lookup(&index, "b").unwrap().unwrap().0, "B");
        assert!(lookup(&index, "notes").unwrap().is_none());
    }

    #[test]
    fn a_name_that_two_files_make_is_a_problem_and_one_that_could_be_two_is_refused() {
        let (_folder, index) = index(&["a.csv", "a.parquet", "Orders.csv", "ORDERS.csv"]);
        assert!(index["a"].problem.as_deref().unwrap().contains("`a.csv` and `a.parquet`"));
        assert_eq!(lookup(&index, "Orders").unwrap().unwrap().0, "Orders");
        assert_eq!(lookup(&index, "orders").unwrap_err().code(), Code::QueryInvalid);
    }

    #[test]
    fn a_folder_that_cannot_be_looked_into_is_a_problem_of_its_own() {
        let entry = |listed: io::Result<Vec<PathBuf>>| folder_entry(PathBuf::from("tables/sales"), listed);
        let denied = entry(Err(io::ErrorKind::PermissionDenied.into())).unwrap().unwrap();
        assert_eq!(denied.problem.as_deref(), Some("its folder `sales`: access is denied"));
        assert!(entry(Err(io::ErrorKind::NotFound.into())).unwrap().is_none());
        assert!(entry(Ok(Vec::new())).unwrap().is_none());
        assert!(entry(Ok(vec![PathBuf::from("tables/sales/1.csv")])).unwrap().unwrap().problem.is_none());
        if cfg!(unix) {
            entry(Err(io::Error::from_raw_os_error(24))).unwrap_err();
        }
    }

    #[test]
    fn hangul_is_found_in_either_form() {
        let decomposed: String = "고객".nfd().collect();
        let (_folder, index) = index(&[&format!("{decomposed}.csv")]);
        assert_eq!(lookup(&index, "고객").unwrap().unwrap().0, "고객");
        assert_eq!(lookup(&index, &decomposed).unwrap().unwrap().0, "고객");
    }
}
