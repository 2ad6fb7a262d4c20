//! The marks of agents, in small letters. Each is there because of an agent in `agents.tsv`, or is a neighbour of one.

/// Link previews, wherever in the agent: asked for before programs, for several call themselves a bot, and before browsers, for
/// several pretend to be one.
pub const PREVIEWS: &[(&str, &str)] = &[
    ("kakaotalk-scrap", "kakaotalk_scrap"),
    ("kakaostory-og-reader", "kakaostory_preview"),
    // Its agent ends with facebookexternalhit, as iMessage's does.
    ("bandscraper", "band_preview"),
    ("ntwebpageassist", "nateon_preview"),
    ("blueno/", "naver_preview"),
    ("yeti-mobile-preview", "naver_preview"),
    ("between-scrap", "between_preview"),
    ("line-poker", "line_preview"),
    ("linebot", "line_preview"),
    ("facebookexternalhit", "facebook_preview"),
    ("facebot", "facebook_preview"),
    ("slackbot", "slack_preview"),
    ("slack-imgproxy", "slack_preview"),
    ("twitterbot", "x_preview"),
    ("telegrambot", "telegram_preview"),
    ("whatsapp/", "whatsapp_preview"),
    ("discordbot", "discord_preview"),
    ("skypeuripreview", "skype_preview"),
    ("microsoftpreview/", "microsoft_preview"),
    ("bingpreview/", "microsoft_preview"),
    ("google web preview", "google_preview"),
    ("google-pagerenderer", "google_preview"),
    ("googlemessages/", "google_preview"),
    ("yahoo link preview", "yahoo_preview"),
    ("linkedinbot", "linkedin_preview"),
    ("pinterestbot", "pinterest_preview"),
    ("pinterest/0.", "pinterest_preview"),
    ("redditbot", "reddit_preview"),
    ("snap url preview", "snapchat_preview"),
    ("steamchaturllookup", "steam_preview"),
    ("bluesky cardyb", "bluesky_preview"),
    ("mastodon/", "mastodon_preview"),
    ("vkshare", "vk_preview"),
    ("bitlybot", "link_preview"),
    ("flipboardproxy", "link_preview"),
    ("linkpreview", "link_preview"),
    ("iframely", "link_preview"),
    ("embedly", "link_preview"),
];

/// Messengers that fetch a page by themselves under their own name alone. In their browsers the name follows that of an engine.
pub const MESSENGERS: &[(&str, &str)] =
    &[("nateon/", "nateon_preview"), ("viber", "viber_preview"), ("whatsapp", "whatsapp_preview")];

/// What every browser names: the engine that draws the page, or whose pages it draws as well.
pub const ENGINES: &[&str] = &["applewebkit", "gecko/", "trident/", "msie ", "presto/", "opera/", "ucbrowser", "khtml"];

/// Agents that are those of a browser to the letter, which nobody uses any more.
pub const DISGUISES: &[(&str, &str)] = &[
    // In the logs of two Korean sites, of 2020 and of 2021, from one address. Windows 8 has had no support since 2016.
    ("mozilla/5.0 (compatible; msie 10.0; windows nt 6.2; trident/6.0)", "scanner"),
];

/// What is in a word of a program and in none of a browser.
pub const PARTS: &[&str] = &[
    "crawl",
    "spider",
    "scrap",
    "headless",
    "phantomjs",
    "lighthouse",
    "synthetic",
    "prerender",
    "archivebox",
    "fetcher",
    "checker",
    "validator",
    "grabber",
    "extractor",
    "analyzer",
];

/// Programs that name an engine, as whole words. Those that name none, as `curl` and most others, are not here: no engine, no browser.
pub const PROGRAMS: &[&str] = &[
    // Search, advertising and reading aloud.
    "yeti",
    "daum",
    "daumoa",
    "slurp",
    "mediapartners-google",
    // Language models that look something up, on their own or because somebody asks them to.
    "chatgpt-user",
    "oai-searchbot",
    "claude-user",
    "claude-web",
    "perplexity-user",
    "mistralai-user",
    "manus-user",
    // What measures a site, or watches whether it is there.
    "ptst",
    "gtmetrix",
    "debugbear",
    "dareboost",
    "cloudflareobservatory",
    "cloudflarediagnostics",
    "observatory",
    "pingdomtms",
    "site24x7",
    "dotcom-monitor",
    "rigor",
    "catchpoint",
    "thousandeyes",
    "neustar",
    "dmbrowser",
    "dmbrowser-uv",
    "dmbrowser-bv",
    "appinsights",
    "silktide",
    "siteimprove.com",
    "marketgoo",
    "iplabel",
    "hotjar",
    "taginspector",
    "brokenlinkcheck.com",
    // What looks for danger in links: in mail, in text messages, and on its own account.
    "urlscan",
    "virustotal",
    "barracuda",
    "mimecast",
    "proofpoint",
    "safelinks",
    "securityheaders",
    "hardenize",
    "assetnote",
    "nuclei",
    "wpscan",
    "openvas",
    "l9scan",
    "zgrab",
    "project-resonance",
    "360jk",
    "mixed-content-scan",
    "cookiehubscan",
    "cookiehubverify",
    "watchtowr",
    "sqwatcher",
    // What drives a browser, or makes pictures of pages with an engine.
    "puppeteer",
    "playwright",
    "selenium",
    "devin",
    "wkhtmltopdf",
    "wkhtmltoimage",
    "webkit2png",
    "mshots",
    "splash",
    "fasthttp",
];

/// Programs whose names are of several words.
pub const PHRASES: &[&str] = &[
    "google page speed",
    "google favicon",
    "google search console",
    "google keyword suggestion",
    "ghost inspector",
    "statuscake",
];
