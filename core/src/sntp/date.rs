//! Seconds as a date, for people and for clocks that count in days.

/// A day and a time of day in the proleptic Gregorian calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date {
    /// 1970 and later.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 1, Monday, to 7.
    pub weekday: u8,
}

const DAY_S: u64 = 86_400;
/// Days of 400 years, after which everything comes again.
const CYCLE_DAYS: u32 = 146_097;
/// Days from 1 March 1600, where a cycle begins, to 1 January 1970.
const CYCLE_TO_1970_DAYS: u32 = 135_080;

impl Date {
    /// The date so many seconds after the beginning of 1970.
    #[must_use]
    pub fn from_unix_s(unix_s: u64) -> Self {
        let days = u32::try_from(unix_s / DAY_S).unwrap_or(u32::MAX - CYCLE_TO_1970_DAYS);
        let second_of_day = (unix_s % DAY_S) as u32;
        let (year, month, day) = civil(days + CYCLE_TO_1970_DAYS);
        Self {
            year,
            month,
            day,
            hour: (second_of_day / 3_600) as u8,
            minute: (second_of_day / 60 % 60) as u8,
            second: (second_of_day % 60) as u8,
            // 1 January 1970 was a Thursday.
            weekday: ((days + 3) % 7 + 1) as u8,
        }
    }
}

/// Year, month and day so many days after 1 March 1600. Years begin in March here, so that the odd
/// day is their last.
fn civil(days: u32) -> (u16, u8, u8) {
    let (cycle, day) = (days / CYCLE_DAYS, days % CYCLE_DAYS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    // Five months of 153 days from March on.
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = 1_600 + 400 * cycle + year + next_year;
    (u16::try_from(year).unwrap_or(u16::MAX), month as u8, day_of_month as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_each_other_for_four_centuries() {
        let leap = |year: u16| {
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
        };
        let (mut year, mut month, mut day, mut weekday) = (1970, 1, 1, 4);
        for days in 0..146_097 {
            let date = Date::from_unix_s(days * DAY_S + DAY_S - 1);
            assert_eq!(
                (date.year, date.month, date.day, date.weekday),
                (year, month, day, weekday)
            );
            assert_eq!((date.hour, date.minute, date.second), (23, 59, 59));
            let last = match month {
                2 if leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            weekday = weekday % 7 + 1;
            (year, month, day) = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, day) if day == last => (year, month + 1, 1),
                (_, day) => (year, month, day + 1),
            };
        }
    }
}
