/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A statically linked program (its name says so to the Makefile). */
int main(void)
{
	return 0;
}
