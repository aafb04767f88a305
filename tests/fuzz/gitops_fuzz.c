/* Terraform's text, sources of modules, and documents of SOPS. The first byte
 * chooses. */
#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/base/yaml.h"
#include "storage/gitops/backend.h"
#include "storage/gitops/hcl.h"
#include "storage/gitops/module_source.h"
#include "storage/gitops/repository.h"
#include "storage/gitops/sealed_secret.h"
#include "storage/gitops/sops.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t lines_of(const char *text, size_t len)
{
	size_t lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

/* Each token takes at least a byte, and lines only grow. */
static void read_tokens(const char *text, size_t len)
{
	cleanup(hcl_done) struct hcl h = {.line = 0};
	size_t line = 1;

	hcl_init(&h, text, len);
	for (size_t i = 0; i <= len; i++) {
		hcl_next(&h);
		if (h.line < line || h.line > lines_of(text, len))
			__builtin_trap();
		line = h.line;
		if (h.kind == HCL_END)
			return;
	}
	__builtin_trap();
}

static void read_documents(const char *text, size_t len)
{
	cleanup(sops_keys_done) struct sops_keys keys = VEC_INIT;
	struct err err = ERR_INIT;
	cleanup(yaml_node_freep) struct yaml_node *document =
	    yaml_load(text, len, "fuzz", &err);
	struct sealed_secret s;
	size_t needed;

	(void)sops_read_lines(text, len, &keys, &needed);
	(void)sops_read(document, &keys, &needed);
	if (sealed_secret_read(document, &s))
		free(sealed_secret_label(&s, "n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(backends_done) struct backends all = VEC_INIT;

	if (!size || size > 4096)
		return 0;
	const char *text = (const char *)data + 1;
	autofree char *copy = str_ndup(text, size - 1);
	switch (data[0] % 4) {
	case 0:
		read_tokens(text, size - 1);
		backend_scan(BACKEND_FILE_BLOCKS, text, size - 1, &all);
		break;
	case 1:
		backend_scan(BACKEND_FILE_SETTINGS, text, size - 1, &all);
		break;
	case 3:
		read_documents(text, size - 1);
		break;
	default:
		free(module_source_repository(copy));
		free(repository_name(copy));
	}
	VEC_EACH (&all, b)
		if (!b->line)
			__builtin_trap();
	return 0;
}
