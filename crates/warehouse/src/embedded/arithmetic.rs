//! Arithmetic that says when a number is out of range. The engine's own goes on at the other end of the integers, and lets a decimal have more
//! digits than its type; Redshift refuses both.
//!
//! The operators that can go wrong become functions before the plan is optimised, so that what is computed while planning is checked alike.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Decimal128Type, Decimal256Type, Field, FieldRef, Float64Type,
    Schema,
};
use arrow::error::ArrowError;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue, config::ConfigOptions};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr as Operation, Column, Literal};

use super::growth::{self, Growth};

/// The rule that puts checked operators in the place of the engine's. It goes after the one that makes types agree.
#[derive(Debug)]
pub(super) struct ExactArithmetic;

impl AnalyzerRule for ExactArithmetic {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(with_checked_operators)?.data)
    }

    fn name(&self) -> &str {
        "exact_arithmetic"
    }
}

fn with_checked_operators(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    let plan = plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let checked = expr.transform_up(|expr| with_checked_operator(expr, &schema))?;
        Ok(checked.update_data(|expr| name.restore(expr)))
    })?;
    plan.map_data(LogicalPlan::recompute_schema)
}

fn with_checked_operator(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let BinaryExpr { left, op, right } = match expr {
        Expr::BinaryExpr(operation) => operation,
        Expr::Negative(operand) => match type_of(&operand, schema)? {
            // Of these the smallest has no opposite.
            number if number.is_signed_integer() => {
                let zero = Expr::Literal(ScalarValue::new_zero(&number)?, None);
                BinaryExpr::new(Box::new(zero), Operator::Minus, operand)
            }
            _ => return Ok(Transformed::no(Expr::Negative(operand))),
        },
        _ => return Ok(Transformed::no(expr)),
    };
    match Checked::new(op, &type_of(&left, schema)?, &type_of(&right, schema)?)? {
        Some(checked) => {
            let function = ScalarFunction::new_udf(Arc::new(ScalarUDF::from(checked)), vec![*left, *right]);
            Ok(Transformed::yes(Expr::ScalarFunction(function)))
        }
        None => Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }))),
    }
}

/// What a checked operator gives is known; asking the engine would go down a chain of a thousand operators at each of them.
fn type_of(expr: &Expr, schema: &DFSchema) -> Result<DataType> {
    match expr {
        Expr::ScalarFunction(function) => match function.func.inner().downcast_ref::<Checked>() {
            Some(checked) => Ok(checked.result.clone()),
            None => expr.get_type(schema),
        },
        _ => expr.get_type(schema),
    }
}

/// An operator between two values of certain types.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    operator: Operator,
    result: DataType,
    signature: Signature,
}

impl Checked {
    /// The operator, when what it gives must be looked at.
    fn new(operator: Operator, left: &DataType, right: &DataType) -> Result<Option<Self>> {
        use Operator::{Divide, Minus, Modulo, Multiply, Plus, StringConcat};
        if !matches!(operator, Plus | Minus | Multiply | Divide | Modulo | StringConcat) {
            return Ok(None);
        }
        let result = BinaryTypeCoercer::new(left, &operator, right).get_result_type()?;
        let can_go_wrong = match &result {
            DataType::Float32 | DataType::Float64 => true,
            // Division of other numbers is checked by the engine itself.
            _ if operator == Modulo => false,
            DataType::Decimal128(DECIMAL128_MAX_PRECISION, _) | DataType::Decimal256(DECIMAL256_MAX_PRECISION, _) => true,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => operator == StringConcat,
            other => other.is_integer() && operator != Divide,
        };
        let signature = Signature::any(2, Volatility::Immutable);
        Ok(can_go_wrong.then_some(Self { operator, result, signature }))
    }

    /// Looks for floats that are no numbers, though both operands are.
    fn is_finite(&self, made: &ArrayRef, operands: &[ColumnarValue]) -> Result<()> {
        if !made.data_type().is_floating() {
            return Ok(());
        }
        let floats = |value: &ColumnarValue| cast(&value.to_array(made.len())?, &DataType::Float64);
        let made = cast(made, &DataType::Float64)?;
        let made = made.as_primitive::<Float64Type>();
        if made.iter().flatten().all(f64::is_finite) {
            return Ok(());
        }
        let [left, right] = operands else { return Ok(()) };
        let (left, right) = (floats(left)?, floats(right)?);
        for ((made, left), right) in made.iter().zip(left.as_primitive::<Float64Type>()).zip(right.as_primitive::<Float64Type>())
        {
            let (Some(made), Some(left), Some(right)) = (made, left, right) else { continue };
            if made.is_finite() {
                continue;
            }
            if right == 0.0 && matches!(self.operator, Operator::Divide | Operator::Modulo) {
                return Err(ArrowError::DivideByZero.into());
            }
            if left.is_finite() && right.is_finite() {
                let message = format!("{left} {} {right} is more than {} holds", self.operator, self.result);
                return Err(ArrowError::ArithmeticOverflow(message).into());
            }
        }
        Ok(())
    }

    fn compute(&self, args: &ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut fields = Vec::new();
        let mut columns = Vec::new();
        let mut operands: Vec<Arc<dyn PhysicalExpr>> = Vec::new();
        for (value, field) in args.args.iter().zip(&args.arg_fields) {
            match value {
                ColumnarValue::Array(array) => {
                    operands.push(Arc::new(Column::new(field.name(), columns.len())));
                    fields.push(Field::new(field.name(), array.data_type().clone(), true));
                    columns.push(Arc::clone(array));
                }
                ColumnarValue::Scalar(value) => operands.push(Arc::new(Literal::new(value.clone()))),
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(args.number_rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?;
        match (operands.pop(), operands.pop()) {
            (Some(right), Some(left)) => Operation::new(left, self.operator, right).with_fail_on_overflow(true).evaluate(&batch),
            _ => Err(DataFusionError::Internal("an operator without operands".to_owned())),
        }
    }
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        match self.operator {
            Operator::Plus => "exact_plus",
            Operator::Minus => "exact_minus",
            Operator::Multiply => "exact_times",
            Operator::Divide => "exact_divide",
            Operator::Modulo => "exact_remainder",
            _ => "bounded_concatenation",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.result.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let is_nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.result.clone(), is_nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if self.operator == Operator::StringConcat {
            return growth::bounded(Growth::Joined, args, &|args| self.compute(&args));
        }
        let value = self.compute(&args)?;
        let array = match &value {
            ColumnarValue::Array(array) => Arc::clone(array),
            ColumnarValue::Scalar(value) => value.to_array()?,
        };
        within_precision(array.as_ref())?;
        self.is_finite(&array, &args.args)?;
        Ok(value)
    }
}

/// Whether every decimal has the digits that its type says.
///
/// # Errors
/// What says which value does not.
pub(super) fn within_precision(array: &dyn Array) -> Result<(), ArrowError> {
    let checked = match array.data_type() {
        DataType::Decimal128(precision, _) => {
            let (decimals, most) = (array.as_primitive::<Decimal128Type>(), 10_i128.pow(u32::from(*precision)) - 1);
            // Most often all are within it: that is seen at once, also where what is NULL holds something.
            let is_within = decimals.values().iter().fold(true, |is_within, value| is_within & (-most..=most).contains(value));
            if is_within { Ok(()) } else { decimals.validate_decimal_precision(*precision) }
        }
        DataType::Decimal256(precision, _) => array.as_primitive::<Decimal256Type>().validate_decimal_precision(*precision),
        _ => Ok(()),
    };
    checked.map_err(|error| match error {
        ArrowError::InvalidArgumentError(message) => ArrowError::ArithmeticOverflow(message),
        other => other,
    })
}
