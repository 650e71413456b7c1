// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Money, tokens and calls that an execution, a workflow or a tenant may spend: reserved before a call, settled after it.
//!
//! What is spent and reserved never exceeds a budget, however many calls are under way, as long as each stays within its reservation.
//! One that does not is paid for all the same, and those after it find less.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    "the call may use {}, and of the {} of budget `{scope}` {} are spent and {} reserved; \
     raise the budget, or use a cheaper model or a lower `maxTokens`",
    what.words(*asked), what.words(*limit), what.words(*spent), what.words(*reserved)
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
}

/// Every budget there is, by whatever name its scope has. A scope without one is free and not kept account of.
#[derive(Debug, Default)]
pub struct Budgets {
    accounts: BTreeMap<Arc<str>, Account>,
}

impl Budgets {
    /// Sets the budget of a scope. What was spent stays spent.
    pub fn set(&mut self, scope: Arc<str>, budget: Budget) {
        self.accounts.entry(scope).or_default().budget = budget;
    }

    /// The scope is over; says what it had come to.
    pub fn forget(&mut self, scope: &str) -> Option<Account> {
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
        for scope in &scopes {
            if let Some(account) = self.accounts.get(scope) {
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
        self.each(&scopes, |account| {
            account.reserved = account.reserved.minus(estimate);
            account.spent = account.spent.plus(actual);
        });
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
    fn has_room(&self, scope: &Arc<str>, estimate: Spend) -> Result<(), Exceeded> {
        for what in Counted::ALL {
            let Some(limit) = what.limit(&self.budget) else { continue };
            let (spent, reserved, asked) = (what.of(self.spent), what.of(self.reserved), what.of(estimate));
            if spent.saturating_add(reserved).saturating_add(asked) > limit {
                return Err(Exceeded { scope: Arc::clone(scope), what, limit, spent, reserved, asked });
            }
        }
        Ok(())
    }
}
