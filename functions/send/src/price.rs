//! What messages cost.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Money in hundredths of a won, so that sums are exact: the provider asks 6.5 won for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Won(u64);

/// The text is no amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount in won has at most two decimals, such as 6.5")]
pub struct NotWon;

impl Won {
    /// What the provider's own example says that a message costs: 6.5 won.
    pub const USUAL: Self = Self(650);

    /// What so many cost together; none when that is more than there is money.
    #[must_use]
    pub const fn times(self, count: u64) -> Option<Self> {
        match self.0.checked_mul(count) {
            Some(hundredths) => Some(Self(hundredths)),
            None => None,
        }
    }
}

impl FromStr for Won {
    type Err = NotWon;

    fn from_str(text: &str) -> Result<Self, NotWon> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || decimals.len() > 2 || !is_number(whole) || !is_number(decimals) {
            return Err(NotWon);
        }
        let whole: u64 = whole.parse().map_err(|_| NotWon)?;
        let decimals: u64 = format!("{decimals:0<2}").parse().map_err(|_| NotWon)?;
        whole.checked_mul(100).and_then(|hundredths| hundredths.checked_add(decimals)).map(Self).ok_or(NotWon)
    }
}

impl fmt::Display for Won {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, decimals) if decimals % 10 == 0 => write!(f, "{whole}.{}", decimals / 10),
            (whole, decimals) => write!(f, "{whole}.{decimals:02}"),
        }
    }
}

impl Serialize for Won {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "exact up to 90 million million won")]
        serializer.serialize_f64(self.0 as f64 / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_read_written_and_multiplied_exactly() {
        for (text, written) in [("6.5", "6.5"), ("6.50", "6.5"), ("0", "0"), ("8.05", "8.05"), ("12", "12")] {
            assert_eq!(text.parse::<Won>().unwrap().to_string(), written);
        }
        let price: Won = "6.5".parse().unwrap();
        assert_eq!(price.times(100_001).unwrap().to_string(), "650006.5");
        assert_eq!((price.times(u64::MAX), serde_json::to_string(&price).unwrap().as_str()), (None, "6.5"));
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in ["", ".5", "-1", "6.555", "6,5", "1e3", "99999999999999999999"] {
            assert_eq!(text.parse::<Won>(), Err(NotWon), "{text}");
        }
    }
}
