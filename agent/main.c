#include "agent/agent.h"
#include "agent/program.h"
#include "config/cli/cli_main.h"
#include "storage/base/mem.h"

int main(int argc, char **argv)
{
	struct agent_options options = {.prune = false};

	mem_return_large();
	return cli_main(&agent_program, argc, argv, &options);
}
