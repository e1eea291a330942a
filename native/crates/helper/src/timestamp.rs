//! Times in the formats of the protocol and the log.

use sys::clock;

/// Returns the current time in RFC 3339 format with nanoseconds, in UTC.
pub fn now() -> String {
    let time = clock::wall();
    rfc3339(time.seconds, time.nanoseconds)
}

/// Returns CLOCK_MONOTONIC in nanoseconds.
pub fn monotonic() -> u64 {
    clock::monotonic().in_nanoseconds()
}

/// Formats a time since 1970 in the proleptic Gregorian calendar.
pub fn rfc3339(seconds: i64, nanoseconds: i64) -> String {
    let (year, month, day) = date(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{nanoseconds:09}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Returns year, month and day for a number of days since 1970-01-01. Years are counted from March, so that the leap
/// day is the last of its year and 400 years always have 146 097 days.
fn date(days: i64) -> (i64, i64, i64) {
    let since_march_0000 = days + 719_468;
    let cycle = since_march_0000.div_euclid(146_097);
    let day_of_cycle = since_march_0000.rem_euclid(146_097);
    let year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = cycle * 400 + year_of_cycle + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_are_formatted_as_rfc_3339() {
        let cases = [
            (0, 0, "1970-01-01T00:00:00.000000000Z"),
            (951_782_400, 1, "2000-02-29T00:00:00.000000001Z"),
            (1_767_323_045, 123_456_789, "2026-01-02T03:04:05.123456789Z"),
            (4_107_542_399, 999_999_999, "2100-02-28T23:59:59.999999999Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000000Z"),
            (-1, 0, "1969-12-31T23:59:59.000000000Z"),
        ];
        for (seconds, nanoseconds, expected) in cases {
            assert_eq!(rfc3339(seconds, nanoseconds), expected);
        }
    }

    #[test]
    fn every_day_follows_the_previous_one() {
        let mut last = date(-800_000);
        for days in -799_999..800_000 {
            let next = date(days);
            let (year, month, day) = last;
            let follows = next == (year, month, day + 1)
                || (day >= 28 && next == (year, month + 1, 1))
                || (month == 12 && day == 31 && next == (year + 1, 1, 1));
            assert!(follows, "{last:?} then {next:?}");
            last = next;
        }
    }
}
