/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/why.h"

#include <stdarg.h>
#include <stdio.h>

int why_say(struct nommu_why *why, int error, const char *format, ...)
{
	va_list args;

	if (why) {
		va_start(args, format);
		vsnprintf(why->text, sizeof(why->text), format, args);
		va_end(args);
	}
	return error;
}
