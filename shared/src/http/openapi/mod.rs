//! The documentation of the API, made from the same lines as its routes.
//!
//! A function lists its routes in one [`Table`]: the router is made of it, and so is the document. What a route asks for is
//! told by the types of its handler's arguments, what it answers by `#[utoipa::path]` on the handler, and which problems it
//! answers by [`Route::answers`], which the tests of the function hold it to.

mod asked;
mod document;
mod problems;
mod table;

pub use asked::{Asked, Asks, InPath, Schemas};
pub use document::assemble;
#[doc(hidden)]
pub use pastey::paste;
pub use problems::{GATEWAY, GatewayProblem};
pub use table::{Route, Table};

/// A [`Route`] to a handler with `#[utoipa::path]`: `route!(list)`, `route!(show::list::<P>)`.
#[macro_export]
macro_rules! route {
    ($handler:ident $(::<$($type:ty),+>)?) => {
        $crate::http::openapi::paste! { $crate::http::Route::new([<__path_ $handler>], $handler $(::<$($type),+>)?) }
    };
    ($module:ident::$handler:ident $(::<$($type:ty),+>)?) => {
        $crate::http::openapi::paste! {
            $crate::http::Route::new($module::[<__path_ $handler>], $module::$handler $(::<$($type),+>)?)
        }
    };
}
