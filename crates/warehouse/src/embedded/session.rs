//! The query engine, set up once: what it may use, what it may not do, and how a query becomes a plan.
//!
//! It runs queries over the warehouse's tables and nothing else: no DDL, no DML, no settings, no files by name, no system tables.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion::catalog::memory::{MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider};
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::common::TableReference;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{FunctionRegistry, SessionState, SessionStateBuilder, TaskContext};
use datafusion::optimizer::Analyzer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement as EngineStatement;
use outflow_core::schema::Table;
use outflow_core::{Code, Error, Position, Result};
use sqlparser::ast::{Query, Statement, visit_relations};
use tokio_util::sync::CancellationToken;

use super::adapt::adapt;
use super::arithmetic::ExactArithmetic;
use super::cast::{RoundedCasts, cut};
use super::column::Columns;
use super::direct::Given;
use super::error::{from_planning, from_running};
use super::growth::{batch_rows, bound_texts};
use super::identifier::{advice, folded};
use super::moment::Moments;
use super::query::{parse, place, refuse_outer_limit};
use super::resolve::{KnownTables, resolve_columns};
use super::stoppable::stoppable;
use super::sum::exact_sum;
use super::table::Tables;
use super::unfolding::{refuse_unfolding, refuse_wide_types};
use super::word;

/// The names under which tables may be qualified.
const CATALOG: &str = "outflow";
const SCHEMA: &str = "public";

/// The engine.
pub(super) struct Session {
    state: SessionState,
    tables: Tables,
}

/// A query that is ready to run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) physical: Arc<dyn ExecutionPlan>,
    pub(super) columns: Columns,
    pub(super) task: Arc<TaskContext>,
    /// The text files that it reads.
    pub(super) text_files: Vec<String>,
}

impl Session {
    /// An engine over the tables, with that much memory for sorting, joining and grouping in all; what does not fit goes to temporary
    /// files in `temp_dir`, or where the system keeps them.
    ///
    /// # Errors
    /// `config_invalid` when the folder for temporary files cannot be used.
    pub(super) fn new(tables: Tables, partitions: usize, memory_limit: usize, temp_dir: Option<PathBuf>) -> Result<Self> {
        let mode = temp_dir.map_or(DiskManagerMode::OsTmpDirectory, |folder| DiskManagerMode::Directories(vec![folder]));
        let runtime = RuntimeEnvBuilder::new()
            .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(mode))
            .with_memory_pool(Arc::new(FairSpillPool::new(memory_limit)))
            .with_metadata_cache_limit(16 << 20)
            .build_arc()
            .map_err(|error| Error::new(Code::ConfigInvalid, "the query engine cannot be set up").with_source(error))?;
        let mut rules = Analyzer::new().rules;
        rules.insert(0, Arc::new(Moments));
        rules.insert(0, Arc::new(RoundedCasts));
        rules.push(Arc::new(ExactArithmetic));
        let mut state = SessionStateBuilder::new()
            .with_config(config(partitions, memory_limit))
            .with_runtime_env(runtime)
            .with_default_features()
            .with_analyzer_rules(rules)
            .build();
        let registered = state
            .register_udaf(Arc::new(exact_sum()))
            .and_then(|_| state.register_udf(Arc::new(cut())))
            .and_then(|_| bound_texts(&mut state))
            .and_then(|()| word::register(&mut state));
        registered.map_err(|error| Error::new(Code::Internal, "the query engine lacks a function").with_source(error))?;
        Ok(Self { state, tables })
    }

    /// Plans a query, which stops while it runs when `cancel` says so.
    ///
    /// # Errors
    /// The query's own, with places in `text`: `sql_syntax`, `unknown_table`, `unknown_column`, `duplicate_column`, `table_unreadable`,
    /// `query_invalid`, `query_failed`.
    pub(super) async fn plan(&self, text: &str, cancel: &CancellationToken) -> Result<Plan> {
        let query = parse(text)?;
        refuse_outer_limit(&query)?;
        let given = Given::default();
        self.plan_query(query, &given, Columns::new, cancel).await
    }

    /// Plans a query whose rows are handed on: it may have an outer `LIMIT`, columns of one name, and what it is given.
    ///
    /// # Errors
    /// As for [`Self::plan`].
    pub(super) async fn plan_rows(&self, text: &str, given: &Given, cancel: &CancellationToken) -> Result<Plan> {
        self.plan_query(parse(text)?, given, Columns::with_repeats, cancel).await
    }

    /// The types of a query's parameters, as far as it tells them.
    ///
    /// # Errors
    /// As for [`Self::plan`].
    pub(super) async fn parameter_types(&self, text: &str, given: &Given) -> Result<HashMap<String, DataType>> {
        let mut query = parse(text)?;
        let (state, _) = self.prepare(&mut query, given).await?;
        let statement = EngineStatement::Statement(Box::new(Statement::Query(Box::new(query.clone()))));
        let logical = state.statement_to_plan(statement).await.map_err(|error| from_planning(error, &query))?;
        let types = logical.get_parameter_types().map_err(|error| from_planning(error, &query))?;
        Ok(types.into_iter().filter_map(|(name, data_type)| Some((name, data_type?))).collect())
    }

    /// Makes a query ready to be planned; gives what plans it, and the text files that it reads.
    async fn prepare(&self, query: &mut Query, given: &Given) -> Result<(SessionState, Vec<String>)> {
        refuse_wide_types(query)?;
        adapt(query)?;
        let mut state = self.state.clone();
        for function in given.functions() {
            let registered = state.register_udf(function);
            registered.map_err(|error| Error::new(Code::Internal, "the query engine lacks a function").with_source(error))?;
        }
        let rows = batch_rows(query, state.config().batch_size());
        *state.config_mut() = state.config().clone().with_batch_size(rows);
        let text_files = self.provide_tables(query, given, &mut state).await?;
        Ok((state, text_files))
    }

    async fn plan_query(
        &self,
        mut query: Query,
        given: &Given,
        columns: fn(&Schema) -> Result<Columns>,
        cancel: &CancellationToken,
    ) -> Result<Plan> {
        let (mut state, text_files) = self.prepare(&mut query, given).await?;
        state.mark_start_execution();
        let statement = EngineStatement::Statement(Box::new(Statement::Query(Box::new(query.clone()))));
        let physical = Box::pin(physical_plan(&state, statement)).await.map_err(|error| from_planning(error, &query))?;
        let physical = stoppable(physical, cancel).map_err(|error| from_planning(error, &query))?;
        let columns = columns(&physical.schema())?;
        Ok(Plan { physical, columns, task: state.task_ctx(), text_files })
    }

    /// The tables there are, each with its columns or the reason why they cannot be told.
    ///
    /// # Errors
    /// `warehouse_unavailable` when the tables cannot be listed.
    pub(super) async fn list_tables(&self) -> Result<Vec<Table>> {
        self.tables.list(&self.state).await
    }

    /// Gives the state the tables that the query names, and the query the names of their columns. Tells the text files among them.
    async fn provide_tables(&self, query: &mut Query, given: &Given, state: &mut SessionState) -> Result<Vec<String>> {
        let statement = EngineStatement::Statement(Box::new(Statement::Query(Box::new(query.clone()))));
        let references = state.resolve_table_references(&statement).map_err(|error| from_planning(error, query))?;
        let schema = MemorySchemaProvider::new();
        let catalog = MemoryCatalogProvider::new();
        let mut columns = KnownTables::default();
        let mut text_files = Vec::new();
        let mut batch_rows = state.config().batch_size();
        for reference in references {
            let name = reference.table();
            if let Some(table) = given.table(reference.schema(), name)? {
                columns.add(name, table.schema().fields().iter().map(|field| field.name().clone()));
                match reference.schema().filter(|schema| *schema != SCHEMA) {
                    None => schema.register_table(name.to_owned(), table).map(|_| ()),
                    Some(other) => register_in(&catalog, other, name, table),
                }
                .map_err(|error| from_running(error, &[]))?;
                continue;
            }
            let found = if is_ours(&reference) { self.tables.find(name, &self.state).await? } else { None };
            let Some(found) = found else {
                if state.table_functions().contains_key(name) {
                    continue;
                }
                return Err(self.unknown_table(&reference, query).await);
            };
            columns.add(name, found.provider.schema().fields().iter().map(|field| field.name().clone()));
            text_files.extend(found.text_files);
            batch_rows = batch_rows.min(found.batch_rows);
            schema.register_table(name.to_owned(), found.provider).map_err(|error| from_running(error, &[]))?;
        }
        // Of long rows few are held at once, wherever the plan gathers them.
        *state.config_mut() = state.config().clone().with_batch_size(batch_rows);
        catalog.register_schema(SCHEMA, Arc::new(schema)).map_err(|error| from_running(error, &[]))?;
        let catalogs = MemoryCatalogProviderList::new();
        catalogs.register_catalog(CATALOG.to_owned(), Arc::new(catalog));
        state.register_catalog_list(Arc::new(catalogs));
        resolve_columns(query, columns)?;
        Ok(text_files)
    }

    async fn unknown_table(&self, reference: &TableReference, query: &Query) -> Error {
        let names = match self.tables.names().await {
            Ok(names) => names,
            Err(error) => return error,
        };
        let known = names.iter().map(String::as_str);
        let error = Error::new(
            Code::UnknownTable,
            format!("there is no table `{reference}`{}", advice(reference.table(), "tables", known)),
        );
        match place_of(query, reference.table()) {
            Some(position) => error.at(position),
            None => error,
        }
    }
}

async fn physical_plan(state: &SessionState, statement: EngineStatement) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let logical = state.statement_to_plan(statement).await?;
    refuse_unfolding(&logical)?;
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false).verify_plan(&logical)?;
    state.create_physical_plan(&logical).await
}

/// Puts a table into a schema of the catalog, which is made where it is not there yet.
fn register_in(catalog: &MemoryCatalogProvider, schema: &str, name: &str, table: Arc<MemTable>) -> Result<(), DataFusionError> {
    if catalog.schema(schema).is_none() {
        catalog.register_schema(schema, Arc::new(MemorySchemaProvider::new()))?;
    }
    if let Some(schema) = catalog.schema(schema) {
        schema.register_table(name.to_owned(), table)?;
    }
    Ok(())
}

fn is_ours(reference: &TableReference) -> bool {
    let is = |part: Option<&str>, name: &str| part.is_none_or(|part| part.eq_ignore_ascii_case(name));
    is(reference.schema(), SCHEMA) && is(reference.catalog(), CATALOG)
}

/// The place where a table is named in the query.
fn place_of(query: &Query, table: &str) -> Option<Position> {
    let found = visit_relations(query, |relation| {
        let name = relation.0.last().and_then(|part| part.as_ident());
        match name.filter(|name| folded(&name.value) == folded(table)).and_then(place) {
            Some(position) => ControlFlow::Break(position),
            None => ControlFlow::Continue(()),
        }
    });
    match found {
        ControlFlow::Break(position) => Some(position),
        ControlFlow::Continue(()) => None,
    }
}

fn config(partitions: usize, memory_limit: usize) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(partitions)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false);
    let options = config.options_mut();
    // As in Redshift, `0.05` is exactly that.
    options.sql_parser.parse_float_as_decimal = true;
    options.execution.planning_concurrency = partitions;
    options.execution.time_zone = Some("+00:00".to_owned());
    options.execution.sort_pushdown_buffer_capacity = 16 << 20;
    // What a sort keeps back for merging what it spilled; each partition of each sort takes it, however small the sort.
    options.execution.sort_spill_reservation_bytes = (memory_limit / 16).min(10 << 20);
    config
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use outflow_core::guard::Guard;

    use super::super::table::Sample;
    use super::*;

    #[test]
    fn every_function_that_the_guard_lets_through_is_there() {
        // What the parser, the engine's planner or `adapt` makes something else of.
        const SYNTAX: [&str; 5] = ["ceiling", "extract", "mod", "position", "sign"];
        let folder = tempfile::tempdir().unwrap();
        let tables = Tables::Sample(Box::new(Sample::new(0.01, folder.path())));
        let state = Session::new(tables, 1, 64 << 20, None).unwrap().state;
        let mut there: HashSet<&str> = SYNTAX.into();
        there.extend(word::WORDS);
        there.extend(state.scalar_functions().keys().map(String::as_str));
        there.extend(state.aggregate_functions().keys().map(String::as_str));
        there.extend(state.window_functions().keys().map(String::as_str));
        let guard = Guard::embedded();
        let absent: Vec<&str> = guard.functions().filter(|name| !there.contains(name)).collect();
        assert!(absent.is_empty(), "{absent:?}");
    }
}
