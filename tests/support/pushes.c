#include "tests/support/pushes.h"

#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct test_push *test_push_new(void)
{
	struct test_push *p = mem_new(struct test_push);
	struct test_pack pack = {.bytes = BUF_INIT};

	p->dir = test_dir_make();
	p->from = file_join(p->dir, "from.git");
	p->to = file_join(p->dir, "to.git");
	p->one = test_object_id("blob", "one");
	p->two = test_object_id("blob", "two");
	test_mirror(p->from);
	test_pack_blob(&pack, "one");
	test_pack_blob(&pack, "two");
	test_pack_keep(&pack, p->from);
	p->o = (struct push_options){
	    .url = p->to, .dir = p->from, .access = &p->access};
	return p;
}

void test_push_free(struct test_push *p)
{
	push_result_done(&p->result);
	test_dir_remove(p->dir);
	free(p->from);
	free(p->to);
	free(p);
}
