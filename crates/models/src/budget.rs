// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Money, tokens and calls that an execution, a workflow or a tenant may spend: reserved before a call, settled after it.
//!
//! What is spent and reserved never exceeds a budget, however many calls are under way, as long as each stays within its reservation.
//! One that does not is paid for all the same, and those after it find less.
//!
//! ```text
//! spent in a window ── the first call after its end ──▶ spent in the next: nothing      what is reserved stays reserved
//! ```

mod window;

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stdx::Timestamp;
use window::Pace;
pub use window::Per;

/// The most that may be spent. `None`: any amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Budget {
    /// Nano-dollars.
    pub usd_nanos: Option<u64>,
    /// Tokens of requests and answers.
    pub tokens: Option<u64>,
    /// Calls, however often each is sent.
    pub calls: Option<u64>,
    /// How often it begins anew; `None`: never.
    pub per: Option<Per>,
}

/// What was spent, or may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spend {
    /// Nano-dollars.
    pub usd_nanos: u64,
    /// Tokens of requests and answers.
    pub tokens: u64,
    /// Calls.
    pub calls: u64,
}

impl Spend {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            usd_nanos: self.usd_nanos.saturating_add(other.usd_nanos),
            tokens: self.tokens.saturating_add(other.tokens),
            calls: self.calls.saturating_add(other.calls),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            usd_nanos: self.usd_nanos.saturating_sub(other.usd_nanos),
            tokens: self.tokens.saturating_sub(other.tokens),
            calls: self.calls.saturating_sub(other.calls),
        }
    }
}

/// What a budget counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Counted {
    /// Nano-dollars.
    UsdNanos,
    /// Tokens.
    Tokens,
    /// Calls.
    Calls,
}

impl Counted {
    const ALL: [Self; 3] = [Self::UsdNanos, Self::Tokens, Self::Calls];

    const fn limit(self, budget: &Budget) -> Option<u64> {
        match self {
            Self::UsdNanos => budget.usd_nanos,
            Self::Tokens => budget.tokens,
            Self::Calls => budget.calls,
        }
    }

    const fn of(self, spend: Spend) -> u64 {
        match self {
            Self::UsdNanos => spend.usd_nanos,
            Self::Tokens => spend.tokens,
            Self::Calls => spend.calls,
        }
    }
}

impl Counted {
    /// An amount for people.
    fn words(self, amount: u64) -> String {
        match self {
            Self::UsdNanos => {
                format!("${}.{:09}", amount / 1_000_000_000, amount % 1_000_000_000).trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Self::Tokens => format!("{amount} tokens"),
            Self::Calls if amount == 1 => "1 call".to_owned(),
            Self::Calls => format!("{amount} calls"),
        }
    }
}

/// A budget that has no room for a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the call may use {}, and of the {} of budget `{scope}` {} are spent and {} reserved{}; \
     raise the budget, or use a cheaper model or a lower `maxTokens`",
    what.words(*asked), what.words(*limit), what.words(*spent), what.words(*reserved), anew(*until)
)]
pub struct Exceeded {
    /// Whose budget.
    pub scope: Arc<str>,
    /// What there is too little of.
    pub what: Counted,
    /// All there was.
    pub limit: u64,
    /// What is gone.
    pub spent: u64,
    /// What calls under way may still use.
    pub reserved: u64,
    /// What this call may use.
    pub asked: u64,
    /// When the budget begins anew.
    pub until: Option<Timestamp>,
}

fn anew(until: Option<Timestamp>) -> String {
    let at = until.and_then(|until| jiff::Timestamp::from_microsecond(i64::try_from(until.micros()).ok()?).ok());
    at.map_or_else(String::new, |at| format!("; it begins anew at {at}"))
}

/// What one call may use, of every budget it is under. Given back once, by [`Budgets::settle`] or [`Budgets::release`].
#[derive(Debug)]
#[must_use = "a reservation that is dropped is never given back"]
pub struct BudgetReservation {
    scopes: BTreeSet<Arc<str>>,
    estimate: Spend,
}

impl BudgetReservation {
    /// What was reserved.
    pub fn estimate(&self) -> Spend {
        self.estimate
    }
}

/// The state of one budget.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account {
    /// What may be spent.
    pub budget: Budget,
    /// What is gone.
    pub spent: Spend,
    /// What calls under way may still use.
    pub reserved: Spend,
    /// The window that it was spent in.
    pub window: Option<(Timestamp, Timestamp)>,
}

/// A budget of windows, as people are shown it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct BudgetWindow {
    /// Whose it is.
    pub scope: String,
    /// What may be spent in each.
    pub budget: Budget,
    /// What is gone in this one.
    pub spent: Spend,
    /// When this one began,
    pub start: u64,
    /// and when it ends. Microseconds.
    pub end: u64,
    /// When it will be used up if spending goes on as in the last hour; `None`: not in this window.
    pub exhausted: Option<u64>,
}

/// Every budget there is, by whatever name its scope has. A scope without one is free and not kept account of.
#[derive(Debug, Default)]
pub struct Budgets {
    accounts: BTreeMap<Arc<str>, Account>,
    /// Of those that begin anew.
    paces: BTreeMap<Arc<str>, Pace>,
    now: Timestamp,
}

impl Budgets {
    /// Sets the budget of a scope. What was spent stays spent.
    pub fn set(&mut self, scope: Arc<str>, budget: Budget) {
        self.accounts.entry(scope).or_default().budget = budget;
    }

    /// It is now.
    pub fn pass(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// Takes up what was spent in a window that began at `start`, by a process before this one. In another window it is nothing.
    pub fn restore(&mut self, scope: &Arc<str>, start: Timestamp, spent: Spend) {
        let now = self.now;
        if let Some(account) = self.accounts.get_mut(scope) {
            account.turn(now);
            if account.window.is_some_and(|(begun, _)| begun == start) {
                account.spent = account.spent.plus(spent);
            }
        }
    }

    /// The budgets that begin anew.
    pub fn windows(&mut self) -> Vec<BudgetWindow> {
        let Self { accounts, paces, now } = self;
        let shown = accounts.iter_mut().filter_map(|(scope, account)| {
            account.turn(*now);
            let (start, end) = account.window?;
            let exhausted = paces.get_mut(scope).and_then(|pace| pace.exhausted(account, *now)).filter(|at| *at < end);
            let (start, end, exhausted) = (start.micros(), end.micros(), exhausted.map(Timestamp::micros));
            Some(BudgetWindow { scope: scope.to_string(), budget: account.budget, spent: account.spent, start, end, exhausted })
        });
        shown.collect()
    }

    /// The scope is over; says what it had come to.
    pub fn forget(&mut self, scope: &str) -> Option<Account> {
        self.paces.remove(scope);
        self.accounts.remove(scope)
    }

    /// What a scope has come to.
    pub fn account(&self, scope: &str) -> Option<&Account> {
        self.accounts.get(scope)
    }

    /// Takes up what was spent elsewhere, as by a process that crashed.
    pub fn charge(&mut self, scope: Arc<str>, spent: Spend) {
        let account = self.accounts.entry(scope).or_default();
        account.spent = account.spent.plus(spent);
    }

    /// Reserves `estimate` of the budget of every scope, or of none.
    pub fn reserve(&mut self, scopes: &[Arc<str>], estimate: Spend) -> Result<BudgetReservation, Exceeded> {
        // A scope that is named twice pays once.
        let scopes: BTreeSet<Arc<str>> = scopes.iter().filter(|scope| self.accounts.contains_key(*scope)).cloned().collect();
        let now = self.now;
        for scope in &scopes {
            if let Some(account) = self.accounts.get_mut(scope) {
                account.turn(now);
                account.has_room(scope, estimate)?;
            }
        }
        self.each(&scopes, |account| account.reserved = account.reserved.plus(estimate));
        Ok(BudgetReservation { scopes, estimate })
    }

    /// The call may use `estimate` instead; if that is too much, the reservation stays what it was.
    pub fn revise(&mut self, reservation: &mut BudgetReservation, estimate: Spend) -> Result<(), Exceeded> {
        let before = reservation.estimate;
        for scope in &reservation.scopes {
            if let Some(account) = self.accounts.get(scope) {
                Account { reserved: account.reserved.minus(before), ..*account }.has_room(scope, estimate)?;
            }
        }
        self.each(&reservation.scopes, |account| account.reserved = account.reserved.minus(before).plus(estimate));
        reservation.estimate = estimate;
        Ok(())
    }

    /// The call has ended and used `actual`.
    pub fn settle(&mut self, reservation: BudgetReservation, actual: Spend) {
        let BudgetReservation { scopes, estimate } = reservation;
        let now = self.now;
        self.each(&scopes, |account| {
            account.turn(now);
            account.reserved = account.reserved.minus(estimate);
            account.spent = account.spent.plus(actual);
        });
        for scope in scopes {
            if self.accounts.get(&scope).is_some_and(|account| account.window.is_some()) {
                self.paces.entry(scope).or_default().add(now, actual);
            }
        }
    }

    /// The call used nothing.
    pub fn release(&mut self, reservation: BudgetReservation) {
        self.settle(reservation, Spend::default());
    }

    fn each(&mut self, scopes: &BTreeSet<Arc<str>>, change: impl Fn(&mut Account)) {
        for scope in scopes {
            if let Some(account) = self.accounts.get_mut(scope) {
                change(account);
            }
        }
    }
}

impl Account {
    /// Begins anew if its window has ended.
    fn turn(&mut self, now: Timestamp) {
        let Some(per) = self.budget.per else { return };
        if self.window.is_none_or(|(_, end)| now >= end) {
            // What is spent before the first window is that of an account that had none.
            self.window = Some(per.window(now));
            self.spent = Spend::default();
        }
    }

    fn has_room(&self, scope: &Arc<str>, estimate: Spend) -> Result<(), Exceeded> {
        for what in Counted::ALL {
            let Some(limit) = what.limit(&self.budget) else { continue };
            let (spent, reserved, asked) = (what.of(self.spent), what.of(self.reserved), what.of(estimate));
            if spent.saturating_add(reserved).saturating_add(asked) > limit {
                let until = self.window.map(|(_, end)| end);
                return Err(Exceeded { scope: Arc::clone(scope), what, limit, spent, reserved, asked, until });
            }
        }
        Ok(())
    }
}
