//! How many rows are read at once. Few long rows take as much memory as many short ones, and a batch is held in memory as a whole.

/// The most rows of a batch, which the engine also takes of itself.
pub(in super::super) const MOST_ROWS: usize = 1 << (LEVELS - 1);

/// What the rows of a batch should not be larger than together.
const BATCH_BYTES: u64 = 8 << 20;

const LEVELS: usize = 14;

/// The sizes of a file's rows: for 1, 2, 4, … rows, how large so many of them get where they are largest. A file is read in batches from
/// its start, so a batch of that many rows is never larger than what is noted here.
#[derive(Debug, Default)]
pub(super) struct RowSizes {
    rows: u64,
    /// The bytes of the first half of what is to be a run of twice as many rows.
    halves: [u64; LEVELS],
    largest: [u64; LEVELS],
}

impl RowSizes {
    /// Notes the next row.
    pub(super) fn add(&mut self, bytes: u64) {
        self.rows += 1;
        let mut sum = bytes;
        for level in 0..LEVELS {
            self.largest[level] = self.largest[level].max(sum);
            if self.rows >> level & 1 == 1 {
                self.halves[level] = sum;
                return;
            }
            sum += self.halves[level];
        }
    }

    /// Notes that the file ends; the next row is another one's first.
    pub(super) fn end_file(&mut self) {
        let mut rest = 0;
        for level in 0..LEVELS - 1 {
            if self.rows >> level & 1 == 1 {
                rest += self.halves[level];
            }
            self.largest[level + 1] = self.largest[level + 1].max(rest);
        }
        self.rows = 0;
    }

    /// How many rows a batch may have.
    pub(super) fn batch_rows(&self) -> usize {
        (0..LEVELS).rev().find(|level| self.largest[*level] <= BATCH_BYTES).map_or(1, |level| 1 << level)
    }
}

/// How many rows of that size on average a batch may have.
pub(in super::super) fn rows_of(average: u64) -> usize {
    let rows = BATCH_BYTES / average.max(1);
    usize::try_from(rows).unwrap_or(MOST_ROWS).clamp(16, MOST_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch_rows(files: &[&[u64]]) -> usize {
        let mut sizes = RowSizes::default();
        for file in files {
            file.iter().for_each(|row| sizes.add(*row));
            sizes.end_file();
        }
        sizes.batch_rows()
    }

    #[test]
    fn batches_are_as_large_as_their_bytes_allow() {
        assert_eq!(batch_rows(&[]), MOST_ROWS);
        assert_eq!(batch_rows(&[&[100; 100_000]]), MOST_ROWS);
        assert_eq!(batch_rows(&[&[200_000; 4_000]]), 32);
        assert_eq!(batch_rows(&[&[5 << 20; 3]]), 1);
        assert_eq!(batch_rows(&[&[64 << 20]]), 1);
        // The rest of a file counts, though it makes no whole run.
        assert_eq!(batch_rows(&[&[1 << 20; 100]]), 8);
        assert_eq!(batch_rows(&[&[1 << 20; 9]]), 8);
        assert_eq!(batch_rows(&[&[1 << 20; 8]]), MOST_ROWS);
    }

    #[test]
    fn a_long_row_among_short_ones_does_no_harm_and_many_in_one_place_do() {
        let mut rows = vec![100; 100_000];
        rows[50_000] = 200_000;
        assert_eq!(batch_rows(&[&rows]), MOST_ROWS);
        rows[50_000..50_100].fill(200_000);
        assert_eq!(batch_rows(&[&rows]), 32);
        assert_eq!(batch_rows(&[&[100; 5], &rows, &[100; 5]]), 32, "each file begins anew");
    }
}
