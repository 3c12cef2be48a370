/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops_flags - chattr(1) and lsattr(1): append-only, immutable, no dump, no atime, as the host's tmpfs knows them.
 *
 * Who may set them (the owner; +a and +i only with CAP_LINUX_IMMUTABLE) the host has seen to. It asks in the old words
 * (FS_IOC_GETFLAGS) or the new ones (FS_IOC_FSGETXATTR), by what chattr used.
 */
#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "daemon/work.h"

#define FLAGS_KNOWN ((uint32_t)(FS_APPEND_FL | FS_IMMUTABLE_FL | FS_NODUMP_FL | FS_NOATIME_FL))

static const struct {
	uint32_t flag, xflag;
} pairs[] = {
	{FS_APPEND_FL, FS_XFLAG_APPEND},
	{FS_IMMUTABLE_FL, FS_XFLAG_IMMUTABLE},
	{FS_NODUMP_FL, FS_XFLAG_NODUMP},
	{FS_NOATIME_FL, FS_XFLAG_NOATIME},
};

#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static uint32_t to_xflags(uint32_t flags)
{
	uint32_t xflags = 0;

	for (size_t i = 0; i < PAIRS; i++)
		xflags |= flags & pairs[i].flag ? pairs[i].xflag : 0;
	return xflags;
}

/* -EOPNOTSUPP: there are others among them. */
static int from_xflags(uint32_t xflags, uint32_t *flags)
{
	*flags = 0;
	for (size_t i = 0; i < PAIRS; i++) {
		*flags |= xflags & pairs[i].xflag ? pairs[i].flag : 0;
		xflags &= ~pairs[i].xflag;
	}
	return xflags ? -EOPNOTSUPP : 0;
}

static int set_flags(struct fs *fs, struct tree_inode *inode, uint32_t flags)
{
	uint32_t before = inode->flags;

	if (flags & ~FLAGS_KNOWN)
		return -EOPNOTSUPP;
	inode->flags = flags;
	fs_changed(inode);
	/* The host knows no time of change but those of its own doing. */
	fuse_lowlevel_notify_inval_inode(fs->session, inode->ino, -1, 0);
	if ((before ^ flags) & FS_APPEND_FL)
		fs_file_update(fs, inode);
	return 0;
}

static int set(struct fs *fs, struct tree_inode *inode, unsigned int cmd, const void *in)
{
	struct fsxattr attr;
	uint32_t flags;
	int error;

	if (cmd == FS_IOC_SETFLAGS) {
		memcpy(&flags, in, sizeof(flags));
		return set_flags(fs, inode, flags);
	}
	memcpy(&attr, in, sizeof(attr));
	error = attr.fsx_extsize || attr.fsx_projid || attr.fsx_cowextsize ? -EOPNOTSUPP
									     : from_xflags(attr.fsx_xflags, &flags);
	return error ? error : set_flags(fs, inode, flags);
}

/* Bytes that it takes in and gives out; false: nothing of ours. */
static bool sizes(unsigned int cmd, size_t *in, size_t *out)
{
	*in = *out = 0;
	switch (cmd) {
	case FS_IOC_GETFLAGS:
		*out = sizeof(uint32_t);
		return true;
	case FS_IOC_SETFLAGS:
		*in = sizeof(uint32_t);
		return true;
	case FS_IOC_FSGETXATTR:
		*out = sizeof(struct fsxattr);
		return true;
	case FS_IOC_FSSETXATTR:
		*in = sizeof(struct fsxattr);
		return true;
	default:
		return false;
	}
}

void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg, struct fuse_file_info *fi,
	      unsigned int flags, const void *in_buf, size_t in_size, size_t out_size)
{
	struct tree_inode *inode = fs_inode(req, ino);
	struct fsxattr attr = {0};
	size_t in, out;
	int error;

	(void)arg;
	(void)fi;
	if (!inode)
		return;
	if (inode->area != TREE_RAM || flags & FUSE_IOCTL_UNRESTRICTED || !sizes(cmd, &in, &out) || in_size < in ||
	    out_size < out) {
		fuse_reply_err(req, ENOTTY);
		return;
	}
	if (cmd == FS_IOC_GETFLAGS) {
		fuse_reply_ioctl(req, 0, &inode->flags, out);
	} else if (cmd == FS_IOC_FSGETXATTR) {
		attr.fsx_xflags = to_xflags(inode->flags);
		fuse_reply_ioctl(req, 0, &attr, out);
	} else {
		error = set(fs_of(req), inode, cmd, in_buf);
		if (error)
			fuse_reply_err(req, -error);
		else
			fuse_reply_ioctl(req, 0, NULL, 0);
	}
}
