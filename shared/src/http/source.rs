//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use lambda_http::request::RequestContext;

/// Where a request comes from, as API Gateway has seen it: headers say what the visitor wants them to say. Of an IPv6 address
/// only the network is taken, because one visitor has all the addresses in it. Empty when nobody has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source(pub String);

impl Source {
    fn of(address: &str) -> Self {
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

#[cfg(test)]
mod tests {
    use axum::http::Request;
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
}
