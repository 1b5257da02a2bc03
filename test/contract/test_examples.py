# SPDX-License-Identifier: Apache-2.0
"""The examples that people copy, run unchanged."""
import os
import unittest

from deployment import BIN, DEADLINE, Deployment, ROOT, debian_aws, run


class Examples(unittest.TestCase):
    def test_a_fleets_life_in_plain_commands(self):
        with Deployment() as deployment:
            environment = {**os.environ, "IMPRINT_BIN": str(BIN), "PATH": f"{os.path.dirname(debian_aws())}:{os.environ['PATH']}"}
            done = run([ROOT / "examples/operate-fleet.sh", deployment.data, "8"], env=environment, timeout=5 * DEADLINE)
            self.assertIn("== all of it as it should be", done.stdout)
            self.assertEqual(len(deployment.boto3().list_things()["things"]), 7)
            again = run([ROOT / "examples/operate-fleet.sh", deployment.data, "8"], env=environment, timeout=5 * DEADLINE, check=False)
            self.assertNotEqual(again.returncode, 0, "made twice")


if __name__ == "__main__":
    unittest.main()
