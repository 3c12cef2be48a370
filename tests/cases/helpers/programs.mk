# SPDX-License-Identifier: LGPL-2.1-or-later
# For shim-programs.sh: a few commands, some of them by a shell, in order.
all: four
	@echo all
one two three:
	@echo "$@" | tr a-z A-Z >/dev/null
four: one two three
	@for i in 1 2 3; do echo $$i; done; wc -l </dev/null
