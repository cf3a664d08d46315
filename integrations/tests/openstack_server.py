# SPDX-License-Identifier: LGPL-2.1-or-later
"""Serves Placement and Nova's flavors, with databases in a folder and without authentication.

Usage: openstack_server.py FOLDER, which prints the port on the loopback interface once it answers.
"""

from __future__ import annotations

import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server


def placement(folder: str):
    from oslo_config import cfg
    from placement import conf, db_api, deploy

    options = cfg.ConfigOpts()
    conf.register_opts(options)
    settings = Path(folder, "placement.conf")
    settings.write_text(f"[api]\nauth_strategy = noauth2\n[placement_database]\nconnection = sqlite:///{folder}/placement.db\nsync_on_startup = true\n", encoding="utf-8")
    options([], default_config_files=[str(settings)])
    db_api.configure(options)
    deploy.update_database(options)
    return deploy.loadapp(options)


def nova(folder: str):
    from nova import config, objects, rpc
    from nova.api.openstack import FaultWrapper, auth, compute
    from nova.conf import CONF
    from nova.db import migration

    settings = Path(folder, "nova.conf")
    settings.write_text(
        f"[DEFAULT]\nstate_path = {folder}\ntransport_url = fake:/\n[api_database]\nconnection = sqlite:///{folder}/nova-api.db\n"
        f"[database]\nconnection = sqlite:///{folder}/nova.db\n",
        encoding="utf-8",
    )
    config.parse_args(["nova-api"], default_config_files=[str(settings)], init_rpc=False)
    rpc.init(CONF)
    objects.register_all()
    migration.db_sync(database="api")
    return FaultWrapper(auth.NoAuthMiddleware(compute.APIRouterV21()))


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


def main(folder: str) -> int:
    of_nova, of_placement = nova(folder), placement(folder)

    def application(environ, start_response):
        path = environ["PATH_INFO"]
        if not path.startswith("/compute/v2.1"):
            return of_placement(environ, start_response)
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = "/compute/v2.1", path.removeprefix("/compute/v2.1") or "/"
        # Clients ask for the API versions without a token.
        environ.setdefault("HTTP_X_AUTH_TOKEN", "admin:admin")
        return of_nova(environ, start_response)

    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
