"""Every route of the service."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from accounts import views as accounts
from epg import views as epg
from playback import views as playback
from streaming import views as streaming
from web import views as web

urlpatterns = [
    # The launch journey, in order.
    path("api/auth/", accounts.AuthView.as_view(), name="auth"),
    path("api/profile/", accounts.ProfileView.as_view(), name="profile"),
    path("api/channels/", epg.ChannelsView.as_view(), name="channels"),
    path("api/epg/", epg.EpgView.as_view(), name="epg"),
    path("api/stream/<slug:channel>/", playback.StreamView.as_view(), name="stream"),
    # Browsing.
    path("api/shows/<int:pk>/", epg.ShowView.as_view(), name="show"),
    path("api/recommendations/", playback.RecommendationsView.as_view(), name="recommendations"),
    path("api/account/export/", accounts.ExportView.as_view(), name="export"),
    # Video.
    path("hls/<slug:channel>/playlist.m3u8", playback.playlist, name="playlist"),
    path("hls/<slug:channel>/<int:segment>.ts", playback.segment, name="segment"),
    # Pages.
    path("", web.GuideView.as_view(), name="guide"),
    path("web/shows/", web.ShowListView.as_view(), name="show-list"),
    path("old/guide/", RedirectView.as_view(url="/", permanent=True), name="old-guide"),
    # Operations.
    path("api/health/", streaming.health, name="health"),
    path("api/broken/", streaming.broken, name="broken"),
    path("admin/", admin.site.urls),
]
