//! Domains as people type them.

use url::Url;

/// The hosts of a text with one in each line; commas and spaces divide them too. Of an address its host is kept; what is no address
/// stays as it is, so that the API can say what is wrong with it.
#[must_use]
pub fn typed(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    words.map(host).collect()
}

fn host(word: &str) -> String {
    let schemed = word.starts_with("https://") || word.starts_with("http://");
    let address = if schemed { word.to_owned() } else { format!("https://{word}") };
    match Url::parse(&address).ok().as_ref().filter(|_| schemed || word.contains('/')).and_then(Url::host_str) {
        Some(host) => host.to_owned(),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_pasted_address_the_domain_is_kept_and_the_rest_is_left_to_the_api() {
        let text = " www.example.com\r\nhttps://www.clinic.co.kr/event?id=1, blog.example.com/a\n\nnot a:host javascript:x ";
        assert_eq!(typed(text), ["www.example.com", "www.clinic.co.kr", "blog.example.com", "not", "a:host", "javascript:x"]);
        assert!(typed(" \n ").is_empty());
    }
}
