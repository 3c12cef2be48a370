#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Real files as ROM: this machine's documentation and headers, as a romfs, as a cramfs and as a directory. Every file is
# compared byte for byte with its source, and by all that the format keeps of it.
. "$(dirname "$0")/lib.sh"
t_tmp
mkdir src
for folder in /usr/share/doc /usr/include; do
	[ ! -d $folder ] || cp -a $folder src/
done
mkdir src/empty
: >src/none
# A link that is not a link for cramfs and romfs keeps.
ln src/none src/empty/hard
[ "$(find src -type f | wc -l)" -gt 500 ] || t_fail "this machine has no files to test with"
# romfs and cramfs have no room for all: cramfs keeps 8 bits of a gid.
chgrp -R -h "$(id -g)" src

# what FORMAT: find's words for what is compared
what() {
	local everything='%P %y %l %m %U %G'
	case $1 in
	romfs) echo '%P %y %l\n' ;;
	cramfs) echo "$everything\n" ;;
	directory) echo "$everything %T@ %n\n" ;;
	esac
}

# list FOLDER FORMAT
list() {
	(cd "$1" && find . -type d -printf "d $(what "$2" | sed 's/ %n//')" && find . ! -type d -printf "%s $(what "$2")") | sort
}

compare() {
	local format=$1 file
	diff -r --no-dereference src "$MNT/rom" >differs || t_fail "$format: $(head differs)"
	diff <(list src "$format") <(list "$MNT/rom" "$format") >differs || t_fail "$format, metadata: $(head differs)"
	# Read anew, past what the host keeps.
	find src -type f -size +40k | sed -n 1,20p >large
	while read -r file; do
		cmp "$file" <(dd if="$MNT/rom/${file#src/}" bs=5000 iflag=direct status=none) ||
			t_fail "$format: $file, read directly"
	done <large
	[ "$(wc -l <large)" -gt 3 ] || t_fail "no large files"
}

genromfs -f romfs.img -d src
mkfs.cramfs src cramfs.img >said 2>&1 || t_fail "mkfs.cramfs: $(cat said)"
for source in romfs.img cramfs.img src; do
	t_mount -o base=0x300000000000,ram=4M "$source"
	case $source in
	src) compare directory ;;
	*) compare "${source%.img}" ;;
	esac
	t_umount
done
# What romfs says of modes: executable or not.
t_mount -o base=0x300000000000,ram=4M romfs.img
diff <(cd src && find . -type f -perm -111 | sort) <(cd "$MNT/rom" && find . -type f -perm -111 | sort) ||
	t_fail "executables in a romfs"
