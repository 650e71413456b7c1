// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Pictures and files, from the ways in which people have them to the one that a wire takes.
//!
//! Rig puts a remark in place of what a wire does not take, and the model answers as if it had seen it. So nothing goes there that the wire does not take: it
//! is brought into another form, or the request is refused.

use crate::request::{File, Image, Message, Part};
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use rig_core::completion::{Media, Place, ReplayTarget};
use rig_core::message::{
    Document, DocumentMediaType, DocumentSourceKind as Source, Image as RigImage, ImageMediaType, MimeType, UserContent,
};

/// A picture or a file, as rig has it.
#[derive(Clone)]
pub(super) enum Medium {
    Image(RigImage),
    Document(Document),
}

impl Medium {
    /// The picture or file in a part, if there is one, or why it is none that a model reads.
    pub(super) fn of(part: &Part) -> Option<Result<Self, String>> {
        match part {
            Part::Image(Image::Url { url }) => Some(at(url, None, true)),
            Part::Image(Image::Data { data, media_type }) => Some(bytes(data, media_type, true)),
            Part::File(File::Url { url, media_type }) => Some(at(url, media_type.as_deref(), false)),
            Part::File(File::Data { data, media_type, .. }) => Some(bytes(data, media_type, false)),
            Part::Text { .. } | Part::ToolCall { .. } | Part::ToolResult { .. } => None,
        }
    }

    /// A picture that a tool gave.
    pub(super) fn of_tool(data: &str, media_type: &str) -> Option<RigImage> {
        match bytes(data, media_type, true) {
            Ok(Self::Image(image)) => Some(image),
            Ok(Self::Document(_)) | Err(_) => None,
        }
    }

    /// What it is, in a word.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Image(_) => "picture",
            Self::Document(document) if document.media_type == Some(DocumentMediaType::PDF) => "PDF",
            Self::Document(_) => "file",
        }
    }

    /// Whether the wire takes it as it is.
    pub(super) fn is_taken(&self, target: &dyn ReplayTarget, model: &str) -> bool {
        match self {
            Self::Image(image) => {
                target.accepts(model).user_images && target.encodes(model, Media::Image(image, Place::User)) && !self.is_elsewhere(target)
            }
            // Text is text on every wire.
            Self::Document(Document { data: Source::String(_), .. }) => true,
            Self::Document(document) => target.encodes(model, Media::Document(document)) && !self.is_elsewhere(target),
        }
    }

    /// Whether it is at an address that the provider does not fetch, though its wire has a place for addresses: Gemini's is for what Google has.
    fn is_elsewhere(&self, target: &dyn ReplayTarget) -> bool {
        let of_google = |url: &str| ["https://generativelanguage.googleapis.com/", "gs://"].iter().any(|begin| url.starts_with(begin));
        target.api() == rig_core::message::Api::from_static(GEMINI) && self.url().is_some_and(|url| !of_google(url))
    }

    /// Where it is, if it is not here.
    pub(super) fn url(&self) -> Option<&str> {
        match self {
            Self::Image(RigImage { data: Source::Url(url), .. }) | Self::Document(Document { data: Source::Url(url), .. }) => Some(url),
            Self::Image(_) | Self::Document(_) => None,
        }
    }

    /// The same, if it were here.
    pub(super) fn fetched(&self) -> Self {
        let mut here = self.clone();
        match &mut here {
            Self::Image(image) => {
                image.data = Source::Base64(String::new());
                image.media_type.get_or_insert(ImageMediaType::PNG);
            }
            Self::Document(document) if document.media_type.as_ref().is_some_and(|kind| *kind != DocumentMediaType::PDF) => {
                document.data = Source::String(String::new());
            }
            Self::Document(document) => {
                document.data = Source::Base64(String::new());
                document.media_type = Some(DocumentMediaType::PDF);
            }
        }
        here
    }
}

impl From<Medium> for UserContent {
    fn from(medium: Medium) -> Self {
        match medium {
            Medium::Image(image) => Self::Image(image),
            Medium::Document(document) => Self::Document(document),
        }
    }
}

/// The place of a part: its message, and where it is there.
type At = (usize, usize);

fn parts(messages: &[Message]) -> impl Iterator<Item = (At, &Part)> {
    let turns = messages.iter().enumerate();
    turns.flat_map(|(message, turn)| turn.content.iter().enumerate().map(move |(part, one)| ((message, part), one)))
}

/// Each picture and file of a conversation, by its place.
pub(super) fn each(messages: &[Message]) -> impl Iterator<Item = (At, Result<Medium, String>)> {
    parts(messages).filter_map(|(place, part)| Some((place, Medium::of(part)?)))
}

/// Those that are not here.
pub(super) fn elsewhere(messages: &[Message]) -> impl Iterator<Item = (At, Result<Medium, String>)> {
    let is_here = |url: &str| url.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("data:"));
    let elsewhere = parts(messages).filter(move |(_, part)| match part {
        Part::Image(Image::Url { url }) | Part::File(File::Url { url, .. }) => !is_here(url),
        Part::Image(Image::Data { .. })
        | Part::File(File::Data { .. })
        | Part::Text { .. }
        | Part::ToolCall { .. }
        | Part::ToolResult { .. } => false,
    });
    elsewhere.filter_map(|(place, part)| Some((place, Medium::of(part)?)))
}

/// How something reaches a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    AsItIs,
    /// Its provider wants the bytes of what is elsewhere.
    Fetched,
}

/// What a model sees.
pub(super) struct Sight {
    target: Box<dyn ReplayTarget>,
    /// As people call it.
    model: String,
}

impl Sight {
    pub(super) fn new(target: Box<dyn ReplayTarget>, model: &str) -> Self {
        Self { target, model: model.to_owned() }
    }

    /// How a picture or file gets there, or why it does not.
    pub(super) fn way(&self, medium: &Medium) -> Result<Way, String> {
        let (target, on_wire) = (&*self.target, self.target.model());
        if medium.is_taken(target, on_wire) {
            return Ok(Way::AsItIs);
        }
        if medium.url().is_some_and(|url| url.starts_with("https:") || url.starts_with("http:"))
            && medium.fetched().is_taken(target, on_wire)
        {
            return Ok(Way::Fetched);
        }
        let (model, word) = (&self.model, medium.word());
        Err(match medium {
            Medium::Image(_) if !target.accepts(on_wire).user_images => {
                format!("model `{model}` reads no pictures; ask one that does, or leave it out")
            }
            Medium::Image(_) | Medium::Document(_) => {
                format!("model `{model}` takes no {word} of this kind on its provider's wire; ask another, or give it in another form")
            }
        })
    }
}

/// How rig calls Gemini's wire.
const GEMINI: &str = "gemini.generate_content";

/// What is at an address. One that holds it (`data:`) only needs to be taken apart.
fn at(url: &str, media_type: Option<&str>, is_picture: bool) -> Result<Medium, String> {
    let scheme = url.split_once(':').map_or_else(String::new, |(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_str() {
        "data" => {
            let (declared, data) = taken_apart(url)?;
            bytes(&data, media_type.unwrap_or(&declared), is_picture)
        }
        "http" | "https" | "gs" => {
            let path = url.split(['?', '#']).next().unwrap_or(url);
            let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase());
            let kind = media_type.map(kind_of).or_else(|| ending.as_deref().and_then(kind_of_ending).map(str::to_owned));
            described(Source::Url(url.to_owned()), kind.as_deref(), is_picture)
        }
        _ => Err("a provider cannot read its address; write one that begins with https:, or give its bytes as `data`".to_owned()),
    }
}

/// The type and the base64 of `data:image/png;base64,…`, which may also have its letters as they are.
fn taken_apart(url: &str) -> Result<(String, String), String> {
    let rest = url.split_once(':').map_or("", |(_, rest)| rest);
    let (head, data) = rest.split_once(',').ok_or("its `data:` address has no comma, behind which its bytes would be")?;
    let is_base64 = head.rsplit(';').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"));
    let letters = percent_decoded(data);
    let data = if is_base64 { String::from_utf8_lossy(&letters).into_owned() } else { STANDARD.encode(&letters) };
    Ok((kind_of(head), data))
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(high << 4 | low);
                bytes = ahead;
            }
            _ => decoded.push(byte),
        }
    }
    decoded
}

/// Base64 with or without its padding.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// What is given as bytes, in base64 of any alphabet, in lines or not.
fn bytes(data: &str, media_type: &str, is_picture: bool) -> Result<Medium, String> {
    if data.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("data:")) {
        let (declared, data) = taken_apart(data)?;
        return bytes(&data, if media_type.is_empty() { &declared } else { media_type }, is_picture);
    }
    let letters: String = data.split_whitespace().collect();
    let letters = letters.replace('-', "+").replace('_', "/");
    let decoded = LENIENT.decode(&letters).map_err(|_| "its `data` is not base64".to_owned())?;
    if decoded.is_empty() {
        return Err("its `data` is empty".to_owned());
    }
    // What it begins with is what it is, whatever it is called: providers look, and refuse what is not as it says.
    let kind = kind_of_bytes(&decoded).map_or_else(|| kind_of(media_type), str::to_owned);
    let is_text =
        !is_picture && DocumentMediaType::from_mime_type(&kind).is_some_and(|kind| kind != DocumentMediaType::PDF) || is_words(&kind);
    let source = if is_text && !is_picture {
        Source::String(String::from_utf8(decoded).map_err(|_| format!("it is said to be {kind}, and is not UTF-8 text"))?)
    } else {
        Source::Base64(STANDARD.encode(decoded))
    };
    described(source, Some(&kind), is_picture)
}

fn described(source: Source, kind: Option<&str>, is_picture: bool) -> Result<Medium, String> {
    let picture = kind.and_then(ImageMediaType::from_mime_type);
    if is_picture || picture.is_some() {
        if let Some(kind) = kind.filter(|_| picture.is_none()) {
            return Err(format!("`{kind}` is not a picture format that models read; PNG, JPEG, GIF and WebP are"));
        }
        let mut image = RigImage::default();
        (image.data, image.media_type) = (source, picture);
        return Ok(Medium::Image(image));
    }
    let kind = kind.ok_or("its type is unknown; give its `mediaType`, such as application/pdf")?;
    let known = DocumentMediaType::from_mime_type(kind).or_else(|| is_words(kind).then_some(DocumentMediaType::TXT));
    let media_type = known.ok_or_else(|| format!("`{kind}` is not a file format that models read; PDFs, pictures and text files are"))?;
    Ok(Medium::Document(Document { data: source, media_type: Some(media_type), additional_params: None }))
}

/// Whether a type is one of texts.
fn is_words(kind: &str) -> bool {
    kind.starts_with("text/") || ["application/json", "application/xml", "application/yaml"].contains(&kind) || kind.ends_with("+json")
}

/// A type without its parameters, as it is registered.
fn kind_of(media_type: &str) -> String {
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "image/jpg" | "image/pjpeg" | "image/jpe" => "image/jpeg".to_owned(),
        "image/x-png" => "image/png".to_owned(),
        "application/x-pdf" | "text/pdf" => "application/pdf".to_owned(),
        _ => kind,
    }
}

fn kind_of_ending(ending: &str) -> Option<&'static str> {
    Some(match ending {
        "png" => "image/png",
        "jpg" | "jpeg" | "jpe" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "pdf" => "application/pdf",
        "txt" | "log" => "text/plain",
        "md" => "text/markdown",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "json" => "application/json",
        "xml" => "application/xml",
        _ => return None,
    })
}

fn kind_of_bytes(bytes: &[u8]) -> Option<&'static str> {
    Some(match bytes {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'%', b'P', b'D', b'F', b'-', ..] => "application/pdf",
        _ => return None,
    })
}
