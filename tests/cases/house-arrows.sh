#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Includes point downwards only; and the check for it notices one that does not.
. "$(dirname "$0")/lib.sh"
t_tmp

"$ROOT/tests/lint.sh" arrows || t_fail "an include points upwards"

try() {
	rm -rf tree
	mkdir -p tree/tests "tree/$1" tree/core tree/fs tree/examples
	cp "$ROOT/tests/lint.sh" tree/tests/
	echo "#include $2" >"tree/$1/x.c"
	tree/tests/lint.sh arrows >out 2>&1
}
try core/engine '"engine/os.h"' || t_fail "engine including engine was refused: $(cat out)"
! try core/engine '"attach/attach.h"' || t_fail "engine including attach was not noticed"
! try core/attach '"run/program.h"' || t_fail "attach including run was not noticed"
! try core/shim '<fuse_lowlevel.h>' || t_fail "shim including fuse was not noticed"
! try fs/image '"engine/os.h"' || t_fail "image including engine was not noticed"
! try fs/daemon '"../image/image.h"' || t_fail "an include by .. was not noticed"
! try examples '"nommu.h"' || t_fail "an example including nommu.h was not noticed"
