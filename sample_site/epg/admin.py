from django.contrib import admin

from epg.models import Channel, Genre, Programme, Show

admin.site.register([Channel, Genre, Show, Programme])
