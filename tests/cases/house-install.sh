#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What make install puts down is complete and works from there: the launcher finds its shim, nommu.pc is right.
. "$(dirname "$0")/lib.sh"
t_tmp
unset MAKEFLAGS MFLAGS

make -C "$ROOT" --no-print-directory -s B="$B" DESTDIR="$T/dest" PREFIX=/opt/nommu install >log 2>&1 ||
	t_fail "make install: $(cat log)"
(cd dest/opt/nommu && find . ! -type d | sort) >have
cat >want <<'END'
./bin/nommu-run
./bin/nommufs
./include/nommu.h
./include/nommu_shm.h
./lib/libnommu-preload.so
./lib/libnommu.a
./lib/pkgconfig/nommu.pc
END
diff want have || t_fail "installed files (want, have)"

cat >small.c <<'END'
#include <nommu.h>
#include <stdio.h>
#include <sys/mman.h>

int main(void)
{
	struct nommu_request request = {.length = 1, .prot = PROT_READ, .flags = MAP_PRIVATE | MAP_ANONYMOUS};
	struct nommu_config config;
	struct nommu_verdict verdict;
	struct nommu_board *board;
	struct nommu_why why;
	struct nommu_mm mm;

	nommu_config_init(&config);
	config.ram = 1 << 20;
	if (nommu_board_create(&config, NULL, &board, &why)) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	if (nommu_mm_create(board, 1, "small", &mm) || nommu_mmap(board, &mm, &request, &verdict))
		return 2;
	printf("%s %d\n", nommu_rule_name(verdict.rule), nommu_board_has(board, verdict.addr));
	nommu_board_close(board);
	return 0;
}
END
export PKG_CONFIG_PATH=$T/dest/opt/nommu/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$T/dest
flags=$(pkg-config --static --cflags --libs nommu)
# shellcheck disable=SC2086
cc -std=gnu11 -Wall -Wextra -Werror ${t_asan:+-fsanitize=address,undefined} -o small small.c $flags
t_eq "$(./small)" "anonymous 1" "a program linked with nommu.pc"

# the header by itself, for C++ too where there is a compiler for it
printf '#include <%s>\n' nommu.h nommu_shm.h >header.c
# shellcheck disable=SC2046
cc -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only $(pkg-config --cflags nommu) header.c

t_mount
B=$T/dest/opt/nommu/bin t_run sh -c 'grep -q libnommu-preload /proc/self/maps' ||
	t_fail "the installed nommu-run does not wrap programs with the installed shim"
t_has "$(B=$T/dest/opt/nommu/bin t_run cat /proc/self/maps)" "$T/dest/opt/nommu/lib/libnommu-preload.so" "the shim"

make -C "$ROOT" --no-print-directory -s B="$B" DESTDIR="$T/dest" PREFIX=/opt/nommu uninstall >log 2>&1 ||
	t_fail "make uninstall: $(cat log)"
t_eq "$(find dest ! -type d)" "" "what make uninstall leaves"
