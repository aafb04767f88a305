/*
 * The words, texts and punctuation of HCL's native syntax, in which Terraform,
 * OpenTofu and Terragrunt are written. Comments are passed over; what is in a
 * template (${...}, %{...}) is part of its text. Any input comes to an end, and
 * no error is given: other tools judge whether a file is right. Pure.
 *
 * https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
 */
#ifndef STORAGE_GITOPS_HCL_H
#define STORAGE_GITOPS_HCL_H

#include "storage/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum hcl_kind {
	HCL_END,
	HCL_WORD, /* a name or a number */
	HCL_TEXT, /* between quotes, or a heredoc */
	HCL_CHAR, /* anything else, byte by byte */
};

struct hcl {
	const char *at, *end;
	size_t next_line; /* where reading goes on */
	/* The token. */
	enum hcl_kind kind;
	struct buf text; /* of a word or a text; escapes are resolved */
	bool computed;	 /* the text has templates in it, or is a heredoc */
	char c;
	size_t line; /* where it begins; the first is 1 */
};

/* The text must outlive it. No token is there before the first hcl_next. */
void hcl_init(struct hcl *h, const char *text, size_t len);
void hcl_done(struct hcl *h);
void hcl_next(struct hcl *h);

#endif
