//! A single SELECT: its clauses, what it returns and how it groups.

use sqlparser::ast::{
    Distinct, ExcludeSelectItem, GroupByExpr, GroupByWithModifier, NamedWindowDefinition, NamedWindowExpr, Select, SelectFlavor,
    SelectItem, SelectItemQualifiedWildcardKind, Top, TopQuantity, WildcardAdditionalOptions,
};

use super::{Walk, absent, location, not_allowed, not_read_only, place_of, table};
use crate::Result;

impl Walk<'_> {
    pub(super) fn select(&mut self, select: &Select) -> Result<()> {
        let Select {
            select_token,
            optimizer_hints,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        self.places.saw(select_token.0.span.start);
        if let Some(into) = into {
            return Err(not_read_only(
                "SELECT INTO",
                "creates a table; leave INTO out, the result becomes a file",
                place_of(&into.name),
            ));
        }
        absent(optimizer_hints.is_empty(), "a hint", "leave it out")?;
        absent(select_modifiers.is_none(), "a modifier behind SELECT", "leave it out")?;
        absent(lateral_views.is_empty(), "LATERAL VIEW", "use a lateral subquery")?;
        absent(prewhere.is_none(), "PREWHERE", "use WHERE")?;
        absent(connect_by.is_empty(), "CONNECT BY", "use WITH RECURSIVE")?;
        absent(cluster_by.is_empty(), "CLUSTER BY", "leave it out")?;
        absent(distribute_by.is_empty(), "DISTRIBUTE BY", "leave it out")?;
        absent(sort_by.is_empty(), "SORT BY", "use ORDER BY")?;
        absent(value_table_mode.is_none(), "SELECT AS", "name the columns")?;
        match flavor {
            SelectFlavor::Standard => {}
            SelectFlavor::FromFirst | SelectFlavor::FromFirstNoSelect => {
                return Err(not_allowed("FROM before SELECT", "write SELECT … FROM …", None));
            }
        }
        match distinct {
            None | Some(Distinct::All | Distinct::Distinct) => {}
            Some(Distinct::On(columns)) => self.expressions(columns)?,
        }
        if let Some(Top { with_ties, percent, quantity }) = top {
            absent(!with_ties && !percent, "TOP … PERCENT or WITH TIES", "name a number of rows, or use rank() and QUALIFY")?;
            match quantity {
                None | Some(TopQuantity::Constant(_)) => {}
                Some(TopQuantity::Expr(number)) => self.expression(number)?,
            }
        }
        self.from.push(table::names(from));
        projection.iter().try_for_each(|item| self.select_item(item))?;
        exclude.iter().try_for_each(|names| self.excluded(names))?;
        from.iter().try_for_each(|tables| self.table_with_joins(tables))?;
        self.expressions(selection)?;
        self.group_by(group_by)?;
        self.expressions(having)?;
        for NamedWindowDefinition(name, window) in named_window {
            self.name(name)?;
            match window {
                NamedWindowExpr::NamedWindow(name) => self.name(name)?,
                NamedWindowExpr::WindowSpec(window) => self.window(window)?,
            }
        }
        self.expressions(qualify)?;
        self.from.pop();
        Ok(())
    }

    fn select_item(&mut self, item: &SelectItem) -> Result<()> {
        match item {
            SelectItem::UnnamedExpr(expression) => self.expression(expression),
            SelectItem::ExprWithAlias { expr, alias } => {
                self.expression(expr)?;
                self.name(alias)
            }
            SelectItem::ExprWithAliases { .. } => Err(not_allowed("several names for one column", "name it once", None)),
            SelectItem::Wildcard(options) => self.wildcard(options),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(table), options) => {
                self.names(table)?;
                self.wildcard(options)
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _) => {
                Err(not_allowed("`.*` behind an expression", "name the columns", None))
            }
        }
    }

    fn wildcard(&mut self, options: &WildcardAdditionalOptions) -> Result<()> {
        let WildcardAdditionalOptions { wildcard_token, opt_ilike, opt_exclude, opt_except, opt_replace, opt_rename, opt_alias } =
            options;
        self.places.saw(wildcard_token.0.span.start);
        let plain =
            opt_ilike.is_none() && opt_except.is_none() && opt_replace.is_none() && opt_rename.is_none() && opt_alias.is_none();
        if !plain {
            let place = Some(location(wildcard_token.0.span.start));
            return Err(not_allowed("`*` with anything but EXCLUDE", "name the columns", place));
        }
        opt_exclude.iter().try_for_each(|names| self.excluded(names))
    }

    fn excluded(&mut self, names: &ExcludeSelectItem) -> Result<()> {
        match names {
            ExcludeSelectItem::Single(name) => self.names(name),
            ExcludeSelectItem::Multiple(names) => names.iter().try_for_each(|name| self.names(name)),
        }
    }

    fn group_by(&mut self, group_by: &GroupByExpr) -> Result<()> {
        let modifiers = match group_by {
            GroupByExpr::All(modifiers) => modifiers,
            GroupByExpr::Expressions(expressions, modifiers) => {
                self.expressions(expressions)?;
                modifiers
            }
        };
        modifiers.iter().try_for_each(|modifier| match modifier {
            GroupByWithModifier::GroupingSets(sets) => self.expression(sets),
            GroupByWithModifier::Rollup | GroupByWithModifier::Cube | GroupByWithModifier::Totals => {
                Err(not_allowed("WITH ROLLUP, CUBE or TOTALS", "write GROUP BY ROLLUP (…) or CUBE (…)", None))
            }
        })
    }
}
