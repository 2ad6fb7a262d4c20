//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use lambda_http::request::RequestContext;

use crate::http::{SOURCE_HEADER, SourceKey};

/// Where a request comes from, as API Gateway has seen it: headers say what the visitor wants them to say. Of an IPv6 address
/// only the network is taken, because one visitor has all the addresses in it. Empty when nobody has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source(pub String);

impl Source {
    pub(super) fn of(address: &str) -> Self {
        Self(match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(IpAddr::V4(address)) => address.to_string(),
            Ok(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string(),
            Err(_) => address.to_owned(),
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let Some(RequestContext::ApiGatewayV1(context)) = parts.extensions.get() else { return Ok(Self(String::new())) };
        Ok(Self::of(context.identity.source_ip.as_deref().unwrap_or_default()))
    }
}

/// Who asks: where the request comes from as API Gateway has seen it, and where the console says that it comes from when it asks for
/// somebody. What it says counts only with a proof.
#[derive(Debug, Clone)]
pub struct Visitor {
    seen: Source,
    told: Option<HeaderValue>,
}

impl Visitor {
    /// Where the request comes from. What is told without a proof changes nothing, so that nobody gains by trying.
    #[must_use]
    pub fn source(self, key: &SourceKey, now: DateTime<Utc>) -> Source {
        let Some(told) = self.told else { return self.seen };
        key.check(told.to_str().unwrap_or_default(), now).unwrap_or_else(|reason| {
            tracing::warn!(event = "source.not_proven", %reason, "somebody else than the console says for whom it asks");
            self.seen
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let seen = Source::from_request_parts(parts, state).await?;
        Ok(Self { seen, told: parts.headers.get(SOURCE_HEADER).cloned() })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use chrono::TimeDelta;
    use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequestContext;

    use super::*;

    async fn from(address: Option<&str>) -> String {
        let mut context = ApiGatewayProxyRequestContext::default();
        context.identity.source_ip = address.map(str::to_owned);
        let request = Request::builder().header("x-forwarded-for", "198.51.100.7");
        let (mut parts, ()) = request.extension(RequestContext::ApiGatewayV1(context)).body(()).unwrap().into_parts();
        Source::from_request_parts(&mut parts, &()).await.unwrap().0
    }

    #[tokio::test]
    async fn a_source_is_an_ipv4_address_or_an_ipv6_network_and_no_header() {
        assert_eq!(from(Some("203.0.113.1")).await, "203.0.113.1");
        assert_eq!(from(Some("::ffff:203.0.113.1")).await, "203.0.113.1");
        assert_eq!(from(Some("2001:db8:1:2:3:4:5:6")).await, "2001:db8:1:2::");
        assert_eq!(from(Some("2001:db8:1:2:ffff::1")).await, "2001:db8:1:2::");
        assert_eq!(from(Some("test-invoke-source-ip")).await, "test-invoke-source-ip");
        assert_eq!(from(None).await, "");
        let (mut parts, ()) = Request::new(()).into_parts();
        assert_eq!(Source::from_request_parts(&mut parts, &()).await, Ok(Source(String::new())));
    }
    /// The console's own address.
    const CONSOLE: &str = "192.0.2.1";

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_413_200, 0).unwrap()
    }

    fn key() -> SourceKey {
        SourceKey::new(&"console".repeat(5)).unwrap()
    }

    /// Where a request of the console comes from that says this.
    async fn told(headers: &[String]) -> String {
        let mut context = ApiGatewayProxyRequestContext::default();
        context.identity.source_ip = Some(CONSOLE.to_owned());
        let mut request = Request::builder().extension(RequestContext::ApiGatewayV1(context));
        for header in headers {
            request = request.header(SOURCE_HEADER, header);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, &()).await.unwrap();
        visitor.source(&key(), now()).0
    }

    #[tokio::test]
    async fn a_visitor_of_the_console_comes_from_where_the_console_has_seen_them() {
        let proven = |address: &str| key().prove(&Source::of(address), now()).unwrap();
        assert_eq!(told(&[proven("203.0.113.1")]).await, "203.0.113.1");
        assert_eq!(told(&[proven("2001:db8:1:2:3:4:5:6")]).await, "2001:db8:1:2::");
        assert_eq!(told(&[proven("2001:db8:1:2:ffff::1")]).await, "2001:db8:1:2::", "one network is one visitor");
    }

    #[tokio::test]
    async fn a_visitor_of_whom_nothing_is_proven_comes_from_where_the_gateway_has_seen_them() {
        assert_eq!(told(&[]).await, CONSOLE);
        let forger = SourceKey::new(&"forger".repeat(6)).unwrap();
        let of_another = Source("203.0.113.1".to_owned());
        let expired = key().prove(&of_another, now() - TimeDelta::minutes(2)).unwrap();
        for header in [forger.prove(&of_another, now()).unwrap(), expired, "203.0.113.1".to_owned(), String::new()] {
            assert_eq!(told(std::slice::from_ref(&header)).await, CONSOLE, "{header}");
        }
        let first = "203.0.113.1".to_owned();
        let second = key().prove(&of_another, now()).unwrap();
        assert_eq!(told(&[first, second]).await, CONSOLE, "the first counts, and nothing else");
    }
}
