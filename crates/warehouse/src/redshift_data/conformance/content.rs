//! How values become bytes.

use futures::FutureExt;
use outflow_core::options::Format;

use super::{Probe, Safety};

const SAFETY: Safety = Safety::Safe("files are handed on as they are; what differs is what readers of such files see");

pub(super) const PROBES: [Probe; 5] = [
    Probe {
        name: "csv-null-and-empty",
        belief: "in CSV NULL is nothing and an empty text is two quotes, so that both can be told apart",
        source: "r_UNLOAD says it of NULL alone",
        safety: SAFETY,
        expected: |beliefs| beliefs.csv_null_and_empty.to_owned(),
        run: |scene, _| async move { Ok(line(scene.csv(EMPTY).await?)) }.boxed(),
    },
    Probe {
        name: "text-null-and-empty",
        belief: "in delimited text neither NULL nor an empty text is written",
        source: "r_UNLOAD says it of NULL",
        safety: SAFETY,
        expected: |beliefs| beliefs.text_null_and_empty.to_owned(),
        run: |scene, _| async move { Ok(line(scene.text(EMPTY, |statement| statement.format = Format::Text).await?)) }.boxed(),
    },
    Probe {
        name: "csv-booleans",
        belief: "in CSV booleans are t and f",
        source: "r_UNLOAD says it of JSON",
        safety: SAFETY,
        expected: |beliefs| beliefs.csv_booleans.to_owned(),
        run: |scene, _| {
            async move { Ok(line(scene.csv("SELECT CAST(1 AS BOOLEAN) AS a, CAST(0 AS BOOLEAN) AS b").await?)) }.boxed()
        },
    },
    Probe {
        name: "csv-bytes",
        belief: "CSV is UTF-8 without a byte order mark, quotes only what must be, and ends lines with one byte",
        source: "r_UNLOAD tells of the quotes",
        safety: Safety::Safe("the byte order mark that `bom` asks for is written by ourselves; the rest is handed on as it is"),
        expected: |beliefs| beliefs.csv_bytes.to_owned(),
        run: |scene, _| {
            async move {
                let text = scene.csv("SELECT 'a\"b' AS a, 'c,d' AS b, 'é' AS c").await?;
                Ok(text.replace('\u{feff}', "<BOM>").replace('\r', "\\r").replace('\n', "\\n"))
            }
            .boxed()
        },
    },
    Probe {
        name: "csv-times-and-numbers",
        belief: "dates and timestamps are written in ISO's order, fractions without zeros at their end, numerics with their scale",
        source: "not documented for UNLOAD",
        safety: SAFETY,
        expected: |beliefs| beliefs.csv_times.to_owned(),
        run: |scene, _| {
            async move {
                let query = "SELECT CAST('2026-01-02' AS DATE) AS a, CAST('2026-01-02 03:04:05' AS TIMESTAMP) AS b, \
                     CAST('2026-01-02 03:04:05.25' AS TIMESTAMP) AS c, CAST(1.5 AS NUMERIC(10,2)) AS d";
                Ok(line(scene.csv(query).await?))
            }
            .boxed()
        },
    },
];

const EMPTY: &str = "SELECT CAST(NULL AS VARCHAR(5)) AS a, CAST('' AS VARCHAR(5)) AS b, 'x' AS c";

fn line(text: String) -> String {
    text.strip_suffix('\n').unwrap_or(&text).to_owned()
}
