//! Whether the checks see in XML what the library sees. What they see differently could be hidden from them.

use std::io::BufReader;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::limits::Limits;
use crate::markup::Markup;

/// Pieces that are well-formed.
const WHOLE: &[&str] = &[
    "<si></si>",
    "<si/>",
    "<si><t>text</t></si>",
    "<x:si a='>'><t/></x:si>",
    "<t a=\"/\"/>",
    "<t a='b' / c=\"'\"></t>",
    "<t ></t >",
    "<si\n></si\t>",
    "<!-- > -> -->",
    "<!---->",
    "<![CDATA[ <si> ]]>",
    "<?x <si> ?>",
    "text",
    "&lt;",
    "\n",
];
/// Pieces of which XML is made, and of which it is made badly.
const PIECES: &[&str] = &[
    "<si>",
    "</si>",
    "<si/>",
    "<t>",
    "</t>",
    "<t/>",
    "<x:si>",
    "</x:si>",
    "<t a='>'>",
    "<t a=\"/\"/>",
    "<t a='b' / c=\"'\">",
    "<t/ >",
    "</t a='>'>",
    "</t >",
    "<si\n>",
    "</si\t>",
    "<!-- > -->",
    "<!-->",
    "<!--->",
    "<!---->",
    "-->",
    "<![CDATA[ <si> ]]>",
    "<![CDATA[",
    "]]>",
    "<?x <si> ?>",
    "<?",
    "?>",
    "<?>",
    "<>",
    "</>",
    "<",
    ">",
    "/",
    "/>",
    "'",
    "\"",
    " ",
    "\n",
    "=",
    "a=",
    "si",
    "t",
    ":",
    "text",
    "&lt;",
    "-",
    "]",
    "<!",
    "<!D",
    "<a:b:si>",
    "<si\u{c}>",
    "<1>",
    "<-",
    "<가>",
    "</가>",
];

/// What the library sees: how often an element begins, and how many of them are texts. `None` when it gives up.
fn seen(text: &str, buffer: usize) -> Option<(u64, u64)> {
    let mut reader = Reader::from_reader(BufReader::with_capacity(buffer, text.as_bytes()));
    // As the library sets it.
    let config = reader.config_mut();
    config.check_end_names = false;
    config.trim_text(false);
    config.check_comments = false;
    config.expand_empty_elements = true;
    let (mut tags, mut texts, mut space) = (0, 0, Vec::new());
    loop {
        space.clear();
        match reader.read_event_into(&mut space) {
            Ok(Event::Start(tag)) => {
                tags += 1;
                texts += u64::from(tag.local_name().as_ref() == "si");
            }
            Ok(Event::Eof) => return Some((tags, texts)),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

#[test]
fn what_the_checks_let_through_is_what_the_library_sees() {
    let mut runner = TestRunner::deterministic();
    let pieces = prop::collection::vec(0..WHOLE.len() + PIECES.len(), 0..8);
    let strategy = (pieces, 1_usize..9);
    let (mut checked, mut marked) = (0, 0);
    for _ in 0..50_000 {
        let (pieces, cut) = strategy.new_tree(&mut runner).unwrap().current();
        let text: String = pieces.iter().map(|&at| WHOLE.iter().chain(PIECES).nth(at).unwrap()).copied().collect();
        let mut markup = Markup::new(&Limits::default());
        let fed = text.as_bytes().chunks(cut).try_for_each(|piece| markup.feed(piece));
        let Ok(counts) = fed.and_then(|()| markup.finish()) else { continue };
        for buffer in [cut, 4096] {
            assert_eq!(seen(&text, buffer), Some((counts.tags, counts.texts)), "{text}");
        }
        checked += 1;
        marked += u32::from(counts.tags > 0);
    }
    assert!(checked > 2000 && marked > 1000, "{checked} of 50,000 texts were let through, {marked} of them with tags");
}
