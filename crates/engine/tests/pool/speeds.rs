// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
