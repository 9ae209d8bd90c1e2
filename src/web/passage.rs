//! What every request passes before it is looked at, and every answer after: refusals, bodies within bounds, the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::LengthLimitError;
use percent_encoding::percent_decode_str;

use super::limits::MAX_BODY;
use super::wire::REFUSED;
use super::{Web, errors};

/// Pages whose address ends with a token.
const PERSONAL: [&str; 3] = ["unsubscribe", "confirm", "preferences"];

pub(super) async fn pass(State(front): State<(Arc<Web>, Duration)>, request: Request, next: Next) -> Response {
    let (web, deadline) = front;
    let began = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let has_body = has_body(request.headers());
    let mut response = match admit(request, has_body, deadline).await {
        Ok(request) => next.run(request).await,
        Err(status) => errors::page(&web, status),
    };
    let status = response.status();
    close_where_unclear(&mut response, has_body);
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let path = shown(&path, status);
    tracing::debug!(%method, path, status = status.as_u16(), micros, "answered");
    response
}

/// After a body nothing more is read: where it ends is what others may see otherwise.
pub(super) fn close_where_unclear(response: &mut Response, has_body: bool) {
    if has_body || matches!(response.status().as_u16(), 400 | 408 | 413 | 414 | 431 | 501 | 505) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

/// With which status the wire refused a request, if it did.
pub(super) fn refusal(headers: &HeaderMap) -> Option<StatusCode> {
    let status: Option<StatusCode> = headers.get(REFUSED)?.to_str().ok().and_then(|status| status.parse().ok());
    let is_refusal = |status: &StatusCode| status.is_client_error() || status.is_server_error();
    Some(status.filter(is_refusal).unwrap_or(StatusCode::BAD_REQUEST))
}

/// The request with its body in memory, where it may have one.
async fn admit(request: Request, has_body: bool, deadline: Duration) -> Result<Request, StatusCode> {
    if let Some(status) = refusal(request.headers()) {
        return Err(status);
    }
    if !has_body || request.method() != Method::POST {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let most = usize::try_from(MAX_BODY).unwrap_or(usize::MAX);
    match tokio::time::timeout(deadline, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(Request::from_parts(parts, Body::from(bytes))),
        // too long, or no body as chunks make it (RFC 9112 §7.1)
        Ok(Err(error)) => {
            let is_too_long = error.into_inner().is::<LengthLimitError>();
            Err(if is_too_long { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST })
        }
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

pub(super) fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0")
}

/// A path for the log: without what comes after the name of a personal page, however that name is written, and nothing of
/// one we have nothing at: whatever somebody typed or pasted there is his own.
fn shown(path: &str, status: StatusCode) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy().to_lowercase();
    match PERSONAL.iter().find(|name| decoded.contains(*name)) {
        Some(name) => format!("/{name}/…"),
        None if status.is_client_error() => "/…".to_owned(),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{StatusCode, shown};

    #[test]
    fn no_token_is_logged() {
        for (path, expected) in [
            ("/atom.xml", "/atom.xml"),
            ("/unsubscribe/abc", "/unsubscribe/…"),
            ("//Unsubscribe/abc", "/unsubscribe/…"),
            ("/%75nsubscribe%2Fabc", "/unsubscribe/…"),
            ("/x/../confirm/abc/", "/confirm/…"),
        ] {
            assert_eq!(shown(path, StatusCode::OK), expected, "{path}");
        }
        assert_eq!(shown("/somebody@example.org", StatusCode::NOT_FOUND), "/…");
    }
}
