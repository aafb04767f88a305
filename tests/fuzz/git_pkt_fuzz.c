/* What a Git server may say, in pieces of any length: frames, the first
 * answer, the list of refs, the report of a push. The pieces change nothing. */
#include "storage/base/cleanup.h"
#include "storage/git/wire/advert.h"
#include "storage/git/wire/pktline.h"
#include "storage/git/wire/push_report.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t run(
    pkt_fn *fn, void *ctx, const uint8_t *data, size_t size, size_t piece)
{
	cleanup(pktline_reader_done) struct pktline_reader reader;
	struct err err = ERR_INIT;
	int result = 0;

	pktline_reader_init(&reader, fn, ctx);
	/* On past the end: what follows it is an error. */
	for (size_t at = 0; at < size && result >= 0; at += piece)
		result = pktline_reader_feed(&reader, data + at,
		    size - at < piece ? size - at : piece, &err);
	if (result < 0 && (err.code == ERR_NONE || !err.message[0]))
		__builtin_trap();
	return (size_t)(result + 1);
}

static size_t refs_after(
    pkt_fn *fn, const uint8_t *data, size_t size, size_t piece)
{
	cleanup(advert_done) struct advert a = ADVERT_INIT;

	size_t result = run(fn, &a, data, size, piece);
	GIT_REFVEC_EACH (&a.refs, r) {
		if (!git_ref_name_valid(r->name))
			__builtin_trap();
	}
	advert_cap_has(&a, "ls-refs", "unborn");
	return a.refs.len * 3 + result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	size_t piece = 1 + data[0] % 40;
	for (int sideband = 0; sideband < 2; sideband++) {
		struct push_report r;
		const char *reason;
		push_report_init(&r, sideband);
		run(push_report_on_pkt, &r, data + 1, size - 1, piece);
		push_report_of(&r, "refs/heads/main", &reason);
		push_report_done(&r);
	}
	pkt_fn *const readers[] = {advert_on_pkt, advert_on_ls_refs};
	for (size_t i = 0; i < 2; i++) {
		size_t whole = refs_after(readers[i], data + 1, size - 1, size);
		if (whole != refs_after(readers[i], data + 1, size - 1, piece))
			__builtin_trap();
	}
	return 0;
}
