#include "agent/agent.h"
#include "agent/program.h"
#include "config/cli/cli_main.h"

int main(int argc, char **argv)
{
	struct agent_options options = {.prune = false};

	return cli_main(&agent_program, argc, argv, &options);
}
