/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops - the table of FUSE operations, and the shortest of them.
 *
 * Not in the table on purpose, since the host then does without asking: fsync (there is nothing behind RAM), fallocate
 * (EOPNOTSUPP), access (default_permissions), flock (the host's own; so are record locks, but on a mount with mand).
 */
#include "daemon/fs.h"

#define MAX_WRITE (1u << 20)

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	const struct fs *fs = userdata;

	/* Replies come from the window by writev; splicing costs more than it saves. */
	conn->want &= ~(unsigned int)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
	/* Set-id bits are cleared here, by fs_kill_setid; truncation by open is one request. */
	conn->want |= conn->capable & (FUSE_CAP_HANDLE_KILLPRIV | FUSE_CAP_ATOMIC_O_TRUNC);
	if (!fs->machine->mand)
		conn->want &= ~(unsigned int)FUSE_CAP_POSIX_LOCKS;
	if (conn->max_write > MAX_WRITE)
		conn->max_write = MAX_WRITE;
}

static void forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	struct fs *fs = fs_of(req);
	struct tree_inode *inode = tree_find(&fs->tree, ino);

	if (inode)
		tree_forget(&fs->tree, inode, lookups);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	forget(req, ino, lookups);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		forget(req, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

const struct fuse_lowlevel_ops fs_ops = {
	.init = op_init,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.lookup = op_lookup,
	.mknod = op_mknod,
	.create = op_create,
	.mkdir = op_mkdir,
	.symlink = op_symlink,
	.link = op_link,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.rename = op_rename,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.readlink = op_readlink,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.statfs = op_statfs,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.release = op_release,
	.flush = op_flush,
	.lseek = op_lseek,
	.copy_file_range = op_copy_file_range,
	.ioctl = op_ioctl,
	.getlk = op_getlk,
	.setlk = op_setlk,
	.getxattr = op_getxattr,
	.setxattr = op_setxattr,
	.listxattr = op_listxattr,
	.removexattr = op_removexattr,
};
