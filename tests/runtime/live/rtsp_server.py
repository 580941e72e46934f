"""A camera's RTSP server, GStreamer's own, for the system's Python: sends one JPEG picture, 640 × 480, for ever.

    /usr/bin/python3 rtsp_server.py PICTURE.jpg PORT [NAME PASSWORD]

Prints the port, and serves rtsp://127.0.0.1:PORT/digits.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - versions come first

picture, port, *access = sys.argv[1:]
Gst.init(None)
server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory.new()
factory.set_launch(
    f"( multifilesrc location={picture} loop=true caps=image/jpeg,width=640,height=480,framerate=10/1"
    " ! identity sync=true ! rtpjpegpay name=pay0 pt=26 )"
)
factory.set_shared(True)
if access:
    name, password = access
    auth = GstRtspServer.RTSPAuth.new()
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "user")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(name, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("user", GstRtspServer.RTSP_PERM_MEDIA_FACTORY_ACCESS, True)
    permissions.add_permission_for_role("user", GstRtspServer.RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory("/digits", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
