// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Letters between the processes of a namespace, as JavaScript sends, carries out and answers them; see `runtime::store::post`.

use crate::engine::Engine;
use crate::error::CodedError;
use napi_derive::napi;
use runtime::Told;

/// What has come since the last call.
#[napi(object)]
pub struct NativePost {
    /// Letters of other processes.
    pub letters: Vec<NativeLetter>,
    /// Replies to letters of this one; without a text nobody has replied.
    pub replies: Vec<NativeLetter>,
    /// Executions that are followed of which more is on record.
    pub moved: Vec<NativeMoved>,
}

/// A letter, or the reply to one.
#[napi(object)]
pub struct NativeLetter {
    /// Of those that came, or of those that were sent.
    pub number: u32,
    /// What it says.
    pub text: Option<String>,
}

/// An execution that another process drives.
#[napi(object)]
pub struct NativeMoved {
    /// Which.
    pub id: String,
    /// Whether it has ended, or is not there.
    pub is_over: bool,
}

impl From<Told> for NativePost {
    fn from(Told { letters, replies, moved }: Told) -> Self {
        Self {
            letters: letters.into_iter().map(|(number, text)| NativeLetter { number, text: Some(text.to_string()) }).collect(),
            replies: replies.into_iter().map(|(number, text)| NativeLetter { number, text: text.map(|text| text.to_string()) }).collect(),
            moved: moved.into_iter().map(|(id, is_over)| NativeMoved { id: id.to_string(), is_over }).collect(),
        }
    }
}

#[napi]
impl Engine {
    /// Whether this process drives what has this id, or would.
    #[napi(catch_unwind)]
    pub fn is_here(&self, id: String) -> Result<bool, CodedError> {
        self.with(|driver| Ok(driver.is_here(&id)))
    }

    /// Sends a letter to the process that drives the execution with this id; the number of the reply, which comes by a `post` effect.
    #[napi(catch_unwind)]
    pub fn send(&self, id: String, text: String) -> Result<u32, CodedError> {
        self.with(|driver| driver.send(&id, &text))
    }

    /// Begins to hear of an execution that another process drives, or hears no more of it.
    #[napi(catch_unwind)]
    pub fn follow(&self, id: String, follows: bool) -> Result<(), CodedError> {
        self.with(|driver| {
            driver.follow(&id, follows);
            Ok(())
        })
    }

    /// What has come.
    #[napi(catch_unwind)]
    pub fn post(&self) -> Result<NativePost, CodedError> {
        self.with(|driver| Ok(driver.take_post().into()))
    }

    /// Whether a letter is still to be carried out here.
    #[napi(catch_unwind)]
    pub fn has_letter(&self, letter: u32) -> Result<bool, CodedError> {
        self.with(|driver| Ok(driver.has_letter(letter)))
    }

    /// Replies to a letter, on record with what was told of the execution in `slot` since the last `advance` or `pull`.
    #[napi(catch_unwind)]
    pub fn reply(&self, letter: u32, slot: Option<u32>, text: String) -> Result<(), CodedError> {
        self.with(|driver| driver.reply(letter, slot, &text))
    }
}
