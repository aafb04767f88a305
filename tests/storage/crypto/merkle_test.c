#include "storage/crypto/merkle.h"

#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "tests/support/test.h"

/* Leaves, roots and nodes that github.com/transparency-dev/merkle publishes for
 * its tests. */
static const char *const leaf_data[] = {"", "00", "10", "2021", "3031",
    "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
enum { LEAVES = 8 };

static void add_leaves(struct merkle_hashes *out, size_t n)
{
	uint8_t data[32];

	for (size_t i = 0; i < n; i++) {
		size_t digits = strlen(leaf_data[i]);
		assert_int_equal(hex_decode(leaf_data[i], digits, data), 0);
		*vec_add(out) = merkle_leaf(data, digits / 2);
	}
}

static void assert_hash(const struct merkle_hash *h, const char *hex)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	hex_add(&text, h->bytes, sizeof(h->bytes));
	assert_string_equal(buf_str(&text), hex);
}

static void roots_are_those_that_are_published(void **state)
{
	cleanup(merkle_hashes_done) struct merkle_hashes leaves = VEC_INIT;

	(void)state;
	add_leaves(&leaves, LEAVES);
	for (size_t n = 0; n <= LEAVES; n++) {
		struct merkle_hash root = merkle_root(&leaves, n);
		assert_hash(&root, roots[n]);
	}
}

struct known {
	size_t old, size;
	const char *proof[4];
};

static void proofs_are_those_that_are_published(void **state)
{
	static const struct known known[] = {
	    {1, 8,
		{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09"
		 "cfc7",
		    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50"
		    "de3031e",
		    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca"
		    "39bf6e4"}},
	    {2, 5,
		{"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3"
		 "031e",
		    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d8"
		    "8599e6b"}},
	    {6, 7,
		{"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558"
		 "ef6a",
		    "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16"
		    "ffb1a5f",
		    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd952"
		    "09614b7"}},
	    {6, 8,
		{"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558"
		 "ef6a",
		    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d59"
		    "75a0ae0",
		    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd952"
		    "09614b7"}},
	    {0, 8, {NULL}},
	    {8, 8, {NULL}},
	};

	(void)state;
	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		cleanup(merkle_hashes_done) struct merkle_hashes leaves =
		    VEC_INIT;
		cleanup(merkle_hashes_done) struct merkle_hashes proof =
		    VEC_INIT;
		add_leaves(&leaves, known[k].size);
		merkle_consistency(&leaves, known[k].old, &proof);
		size_t n = 0;
		while (known[k].proof[n])
			n++;
		assert_int_equal(proof.len, n);
		for (size_t i = 0; i < n; i++)
			assert_hash(&proof.items[i], known[k].proof[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(roots_are_those_that_are_published),
	    cmocka_unit_test(proofs_are_those_that_are_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
