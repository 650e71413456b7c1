// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Speaks to providers of language models. Nothing is decided here: which model, when and whether again is `models`.

#![forbid(unsafe_code)]
