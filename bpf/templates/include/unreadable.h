/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Packets that cannot be asked about: refused to whoever a policy selects, nothing to everybody else. */
#pragma once
#include "case.h"

static __always_inline int pol_unreadable_judge(struct pol_case *this, int kind)
{
	const struct pol_endpoint *subject = pol_endpoint_find(this->question.slot, this->question.subject);

	if (subject && subject->subject_class == 0)
		return 1;
	if (!subject)
		return pol_case_refuse(this, POL_CAUSE_INTERNAL);
	if (kind == POL_PACKET_FRAGMENT)
		return pol_case_refuse(this, POL_CAUSE_FRAGMENT);
	return pol_case_refuse(this, kind == POL_PACKET_FAMILY ? POL_CAUSE_UNSUPPORTED_FAMILY : POL_CAUSE_MALFORMED);
}
